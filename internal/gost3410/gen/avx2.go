package main

import "fmt"

// avx2File writes the reading of a window of each fixed-base table with AVX2: a
// mask lets through the entry wanted, four words of it at a time.
func avx2File(sizes []size) []byte {
	a := newAssembly("// Constant-time reading of a window: see gen/avx2.go.")
	for _, s := range sizes {
		vectors := 2 * s.Limbs / 4 // of an entry
		a.function(fmt.Sprintf("pickAVX2x%d", s.Bits), 0, map[string]string{"a": "DI", "window": "SI", "index": "AX"}, "a", "window", "index")
		a.op("VMOVQ AX, X4")
		a.op("VPBROADCASTQ X4, Y4")
		a.op("VPXOR Y5, Y5, Y5") // the number of the entry
		a.op("MOVL $1, AX")
		a.op("VMOVQ AX, X6")
		a.op("VPBROADCASTQ X6, Y6")
		for i := range vectors {
			a.op("VPXOR Y%d, Y%d, Y%d", i, i, i)
		}
		a.op("MOVL $%d, CX", s.Entries())
		a.WriteString("next:\n")
		a.op("VPCMPEQQ Y4, Y5, Y7")
		a.op("VPADDQ Y6, Y5, Y5")
		for i := range vectors {
			a.op("VPAND %d(SI), Y7, Y%d", 32*i, 8+i)
			a.op("VPOR Y%d, Y%d, Y%d", 8+i, i, i)
		}
		a.op("ADDQ $%d, SI", 32*vectors)
		a.op("DECL CX")
		a.op("JNZ next")
		for i := range vectors {
			a.op("VMOVDQU Y%d, %d(DI)", i, 32*i)
		}
		a.op("VZEROUPPER")
		a.op("RET")
	}
	return a.Bytes()
}
