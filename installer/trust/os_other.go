//go:build !windows && !darwin

package trust

// Browsers elsewhere keep stores of their own: see nss.go.
func (o *Options) osStores() []store          { return nil }
func (o *Options) osStore(Kind, string) store { return nil }
