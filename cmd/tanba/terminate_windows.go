package main

import "os"

// terminate ends a process; Windows knows no gentler way for one without a
// window of ours.
func terminate(p *os.Process) error { return p.Kill() }
