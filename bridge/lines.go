package bridge

import (
	"bytes"
	"runtime"
)

// platformLines ends lines as text files of the system do: portals on Windows
// have always seen CRLF in getKeyInfo's pem.
func platformLines(pem []byte) string {
	if runtime.GOOS == "windows" {
		pem = bytes.ReplaceAll(pem, []byte("\n"), []byte("\r\n"))
	}
	return string(pem)
}
