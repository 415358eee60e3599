//go:build !linux

package testpcsc

import "tanba/internal/testdata"

func (r *Readers) inside(string) { testdata.Missing(r.t, "Linux") }
