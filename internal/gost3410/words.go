package gost3410

// isZero64 tells 1 for zero, else 0.
func isZero64(v uint64) uint64 { return 1 - (v|-v)>>63 }
