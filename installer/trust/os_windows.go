package trust

import (
	"context"
	"crypto/sha1" // names entries, and secures nothing
	"crypto/x509"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// windowsRoot is the person's own ROOT store, which Edge, Chrome and, by way of
// ImportEnterpriseRoots, Firefox read. Windows itself asks the person before a
// root is added or deleted.
//
// It was run under Wine only.
type windowsRoot struct{ o *Options }

// osStores are the stores of the system that browsers read.
func (o *Options) osStores() []store { return []store{&windowsRoot{o}} }

func (o *Options) osStore(k Kind, _ string) store {
	if k == Windows {
		return &windowsRoot{o}
	}
	return nil
}

func (s *windowsRoot) kind() Kind   { return Windows }
func (s *windowsRoot) path() string { return `CurrentUser\ROOT` }
func (s *windowsRoot) exists() bool { return true }

func openRoot() (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString("ROOT")
	if err != nil {
		return 0, err
	}
	h, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, windows.CERT_SYSTEM_STORE_CURRENT_USER, uintptr(unsafe.Pointer(name)))
	if err != nil {
		return 0, fmt.Errorf("trust: open ROOT: %w", err)
	}
	return h, nil
}

// find calls f with the first certificate of this fingerprint and reports
// whether there was one. f takes the context over when it returns true.
func findRoot(h windows.Handle, fp string, f func(*windows.CertContext) bool) bool {
	var c *windows.CertContext
	for {
		next, err := windows.CertEnumCertificatesInStore(h, c)
		if err != nil || next == nil {
			return false
		}
		c = next
		if fingerprint(unsafe.Slice(c.EncodedCert, c.Length)) == fp {
			if !f(c) {
				windows.CertFreeCertificateContext(c)
			}
			return true
		}
	}
}

func (s *windowsRoot) status(_ context.Context, c *x509.Certificate) (present, trusted bool, err error) {
	h, err := openRoot()
	if err != nil {
		return false, false, err
	}
	defer windows.CertCloseStore(h, 0)
	found := findRoot(h, fingerprint(c.Raw), func(*windows.CertContext) bool { return false })
	return found, found, nil
}

func (s *windowsRoot) add(_ context.Context, _ *journal, c *x509.Certificate, _ string) error {
	h, err := openRoot()
	if err != nil {
		return err
	}
	defer windows.CertCloseStore(h, 0)
	cert, err := windows.CertCreateCertificateContext(windows.X509_ASN_ENCODING|windows.PKCS_7_ASN_ENCODING, &c.Raw[0], uint32(len(c.Raw)))
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	defer windows.CertFreeCertificateContext(cert)
	if err := windows.CertAddCertificateContextToStore(h, cert, windows.CERT_STORE_ADD_REPLACE_EXISTING, nil); err != nil {
		return fmt.Errorf("trust: add to ROOT: %w", err)
	}
	return nil
}

// remove opens the store anew after each deletion: an enumeration that goes on
// over a deleted entry never ends on some systems (platform.md §7.4).
func (s *windowsRoot) remove(_ context.Context, _ *journal, e Entry, _ bool) (bool, error) {
	for range 8 {
		h, err := openRoot()
		if err != nil {
			return false, err
		}
		var failed error
		found := findRoot(h, e.Fingerprint, func(c *windows.CertContext) bool {
			thumbprint := sha1.Sum(unsafe.Slice(c.EncodedCert, c.Length))
			failed = windows.CertDeleteCertificateFromStore(c) // frees c, also when it fails
			if failed == nil {
				failed = forgetRoot(thumbprint)
			}
			return true
		})
		windows.CertCloseStore(h, 0)
		switch {
		case failed != nil:
			return false, fmt.Errorf("trust: delete from ROOT: %w", failed)
		case !found:
			return true, nil
		}
	}
	return false, errors.New("trust: the root is still in ROOT")
}

// forgetRoot deletes what lies behind the entry in the person's registry. Windows
// has done that already; Wine says it has and has not.
func forgetRoot(thumbprint [sha1.Size]byte) error {
	const certificates = `Software\Microsoft\SystemCertificates\Root\Certificates\`
	err := registry.DeleteKey(registry.CURRENT_USER, certificates+fmt.Sprintf("%X", thumbprint))
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return err
}

func (s *windowsRoot) destroy(context.Context, []string) error { return nil }
