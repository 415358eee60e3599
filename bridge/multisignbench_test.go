package bridge

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// BenchmarkMultisign is one document of 64 MiB through TLS and HTTP, from the
// page's first octet to its signature. The page costs as much as the bridge
// does, and both are here.
func BenchmarkMultisign(b *testing.B) {
	const size = 64 << 20
	for _, attached := range []bool{false, true} {
		b.Run(fmt.Sprintf("attached=%v", attached), func(b *testing.B) {
			s := startMultisign(b, &desk{ask: grants(newKey(b, profile))}, func(o *Options) { o.State = stateDir(b) })
			path := s.begin(documentLimit, false, attached)
			b.SetBytes(size)
			for b.Loop() {
				r := s.request("POST", path, io.LimitReader(zeros{}, size))
				r.ContentLength = size
				resp, err := s.client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || attached && n < size {
					b.Fatalf("%s, %d octets, %v", resp.Status, n, err)
				}
				resp.Body.Close()
			}
		})
	}
}
