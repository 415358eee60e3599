package doctor

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"

	"tanba/internal/peer"
)

// products that want the same port, by the name of their executable. Java runs
// the original; which program it runs cannot be told from its name alone.
var products = []struct{ name, variant string }{
	{"ncalayerd", "ncalayer_rs"},
	{"ncalayer-rs", "ncalayer_rs"},
	{"ncalayer", "ncalayer"},
	{"kaztoken", "kaztoken"},
	{"java", "ncalayer"},
	{"javaw", "ncalayer"},
	{"tanba", "tanba"},
}

// Product tells which known program a process is: "ncalayer", "ncalayer_rs",
// "kaztoken", "tanba", or "".
func Product(h peer.Holder) string {
	for _, name := range []string{filepath.Base(h.Executable), h.Name} {
		name = strings.ToLower(strings.TrimSuffix(strings.ToLower(name), ".exe"))
		for _, p := range products {
			if strings.HasPrefix(name, p.name) {
				return p.variant
			}
		}
	}
	return ""
}

// port looks for the first two faults. running tells whether our own agent
// answers.
func (o *Options) port(context.Context) (findings []Finding, running bool) {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(o.Port))
	h, err := o.Holder(addr)
	switch {
	case errors.Is(err, peer.ErrUnsupported):
		return []Finding{unknown(NotRunning), unknown(PortTaken)}, true
	case err != nil:
		f := Finding{Code: NotRunning, Args: []any{o.Port}}
		if o.Installed != nil && o.Installed() {
			f.Variant = "installed"
			f = f.withFix(o.Start)
		}
		return []Finding{f, good(PortTaken, o.Port)}, false
	case o.Mine != nil && o.Mine(h):
		return []Finding{good(NotRunning, o.Port), good(PortTaken, o.Port)}, true
	}
	f := Finding{Code: PortTaken, Variant: Product(h), Args: []any{o.Port, h.Name, h.PID, h.User}}
	if h.PID == 0 {
		f.Variant = "nobody"
	}
	if o.Stop != nil && h.PID != 0 {
		f = f.withFix(func(ctx context.Context) error {
			if err := o.Stop(ctx, h); err != nil || o.Start == nil {
				return err
			}
			return o.Start(ctx)
		})
	}
	// That ours does not run is the same fault; it is named once.
	return []Finding{good(NotRunning, o.Port), f}, false
}
