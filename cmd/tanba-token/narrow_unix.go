//go:build cgo && unix

package main

func narrow(path string) string { return path }
