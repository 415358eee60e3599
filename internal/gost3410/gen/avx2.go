package main

// avx2File writes the reading of a window of the fixed-base table with AVX2: an
// entry of 128 octets is four vectors, and a mask lets through the one wanted.
func avx2File(entries int) []byte {
	a := newAssembly("// Constant-time reading of a window: see gen/avx2.go.")
	a.function("pickAVX2", 0, map[string]string{"a": "DI", "window": "SI", "index": "AX"}, "a", "window", "index")
	a.op("VMOVQ AX, X4")
	a.op("VPBROADCASTQ X4, Y4")
	a.op("VPXOR Y5, Y5, Y5") // the number of the entry
	a.op("MOVL $1, AX")
	a.op("VMOVQ AX, X6")
	a.op("VPBROADCASTQ X6, Y6")
	for i := range 4 {
		a.op("VPXOR Y%d, Y%d, Y%d", i, i, i)
	}
	a.op("MOVL $%d, CX", entries)
	a.WriteString("next:\n")
	a.op("VPCMPEQQ Y4, Y5, Y7")
	a.op("VPADDQ Y6, Y5, Y5")
	for i := range 4 {
		a.op("VPAND %d(SI), Y7, Y%d", 32*i, 8+i)
		a.op("VPOR Y%d, Y%d, Y%d", 8+i, i, i)
	}
	a.op("ADDQ $128, SI")
	a.op("DECL CX")
	a.op("JNZ next")
	for i := range 4 {
		a.op("VMOVDQU Y%d, %d(DI)", i, 32*i)
	}
	a.op("VZEROUPPER")
	a.op("RET")
	return a.Bytes()
}
