package main

import (
	"bytes"
	"fmt"
)

// assembly collects a file of Go assembly for amd64.
type assembly struct{ bytes.Buffer }

// newAssembly starts a file; what says what it holds.
func newAssembly(what string) *assembly {
	a := &assembly{}
	fmt.Fprintf(a, "%s\n\n//go:build amd64 && !purego\n\n#include \"textflag.h\"\n\n%s\n", header, what)
	return a
}

// op writes one instruction.
func (a *assembly) op(format string, args ...any) { fmt.Fprintf(a, "\t"+format+"\n", args...) }

// note writes a comment between instructions.
func (a *assembly) note(format string, args ...any) { fmt.Fprintf(a, "\n\t// "+format+"\n", args...) }

// declare starts a function that Go declares with so many pointers.
func (a *assembly) declare(name string, frame, arguments int) {
	fmt.Fprintf(a, "\n// func %s\nTEXT ·%s(SB), NOSPLIT, $%d-%d\n", name, name, frame, 8*arguments)
}

// function is declare, with the arguments loaded into registers.
func (a *assembly) function(name string, frame int, registers map[string]string, arguments ...string) {
	a.declare(name, frame, len(arguments))
	for i, arg := range arguments {
		a.op("MOVQ %s+%d(FP), %s", arg, 8*i, registers[arg])
	}
}

// local starts a routine that only this file calls: it takes and leaves
// everything in registers.
func (a *assembly) local(name string, frame int, comment string) {
	fmt.Fprintf(a, "\n// %s\nTEXT %s<>(SB), NOSPLIT, $%d-0\n", comment, name, frame)
}
