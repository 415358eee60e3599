//go:build race

package bridge

// permitted is the limit for a page the person knows, where it is tried: the
// race detector makes TLS thirty times slower.
const permitted = 96 << 20
