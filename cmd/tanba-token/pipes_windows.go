package main

import "os"

func pipes() (in, out *os.File, err error) { return os.Stdin, os.Stdout, nil }
