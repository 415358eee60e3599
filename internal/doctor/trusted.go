package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"tanba/installer/trust"
)

// trusted looks whether each browser's store lets a real handshake succeed.
func (o *Options) trusted(ctx context.Context, running bool) Finding {
	if o.Handshake == nil || !running {
		return unknown(NotTrusted)
	}
	results, err := o.Handshake(ctx, fmt.Sprintf("127.0.0.1:%d", o.Port))
	if err != nil {
		f := Finding{Code: NotTrusted, Variant: "stores", Args: []any{err.Error()}}
		if errors.Is(err, trust.ErrNoCertutil) {
			f.Variant = "certutil"
		}
		if errors.Is(err, trust.ErrNoStores) {
			return unknown(NotTrusted)
		}
		return f
	}
	var bad, well []string
	for _, r := range results {
		if r.Kind == trust.System || r.Kind == trust.Java {
			continue // they serve no browser here
		}
		var verification *tls.CertificateVerificationError
		switch {
		case r.Err == nil && r.Trusted:
			well = append(well, r.Path)
		case r.Err != nil && r.Trusted && !errors.As(r.Err, &verification):
			well = append(well, r.Path) // the store is right; the bridge did not answer
		default:
			bad = append(bad, r.Path)
		}
	}
	if len(bad) == 0 {
		return good(NotTrusted, len(well))
	}
	return Finding{Code: NotTrusted, Args: []any{strings.Join(bad, ", ")}}.withFix(o.Repair)
}
