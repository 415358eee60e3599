// Command tanba-token loads one PKCS#11 module, a library of a vendor of tokens,
// and does with it what the agent asks over a pair of pipes:
//
//	tanba-token /path/of/module.so
//
// It is a program of its own because such libraries crash, hang and clash with
// each other; here that costs an error message. It is the only part of Tanba
// that is built with cgo. It has no policy and no network, is started with an
// environment of a few variables, drops what it inherited, writes no core dump,
// and holds a PIN only when it is told to, in locked memory. It never gets a
// document. It ends when its standard input does.
//
// People have no use for it by itself; `tanba tokens` shows what it finds.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// The library is called from the first thread only, for some keep state per
// thread; and it is the one that drop works on.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) != 2 || !filepath.IsAbs(os.Args[1]) {
		fmt.Fprintln(os.Stderr, "tanba-token: started by tanba with the absolute path of a PKCS#11 module; see `tanba tokens`")
		os.Exit(2)
	}
	in, out, err := pipes()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tanba-token:", err)
		os.Exit(1)
	}
	drop()
	os.Exit(serve(in, out, newLibrary(os.Args[1])))
}
