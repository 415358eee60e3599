//go:build !amd64 || purego

package protocol

import "encoding/base64"

func decodeBlocks([]byte, int, int) int { return 0 }

// encode64 encodes whole units of three octets; dst is as long as needed.
func encode64(dst, src []byte) { base64.StdEncoding.Encode(dst, src) }

// encodeLines encodes whole lines, each followed by \n as two characters.
func encodeLines(dst, src []byte) { encodeLinesGeneric(dst, src) }
