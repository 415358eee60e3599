package bridge

import (
	"errors"
	"fmt"
	"strings"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/csr"
	"tanba/internal/enrollment"
	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/protocol"
)

// families are the algorithms of generateCsr, as protocol.md §6.6 names them.
// GOST 34.10-2015 of 256 bits is not among them: the national authority issues no
// such keys, no client is known to ask for one, and a page could not name it. For
// other authorities there is tanba csr --alg gost256.
var families = map[string]pki.Family{"GOST2015-512": pki.GOST512, "RSA-2048": pki.RSA}

// makeCSR makes a new key and the request for its certificate (protocol.md §6.6).
// A question is asked always; the page learns the request and the name of the key,
// and nothing of where it lies.
func (c *session) makeCSR(call *protocol.Call, op protocol.MakeCSR) (protocol.Result, error) {
	if len(op.Unknown) > 0 {
		c.s.o.Log.Info("generateCsr has members nobody knows", "members", printable(strings.Join(op.Unknown, " ")), "origin", c.origin.raw)
	}
	template, err := requestTemplate(op)
	if err != nil {
		c.s.o.Log.Info("generateCsr asks for what no request can hold", "error", err, "origin", c.origin.raw)
		return nil, fmt.Errorf("%w: %w", protocol.ErrUnfitRequest, err)
	}
	q, err := c.question(call, protocol.Selection{Storages: op.Storages}, op.Presentation)
	if err != nil {
		return nil, err
	}
	if !generates(q.Select.Storages) {
		return nil, protocol.ErrNotSupported
	}
	q.Purpose, q.NewKey = prompt.MakeKey, &consent.NewKey{Family: families[op.Algorithm], Template: template}
	g, err := c.s.o.Desk.Ask(c.ctx, q)
	if err != nil {
		return nil, err
	}
	p, err := g.MakeKey(c.ctx)
	if err != nil {
		c.s.o.Log.Error("generateCsr failed", "error", err)
		return nil, err
	}
	return protocol.CSR{DER: p.Request, KeyID: p.KeyID}, nil
}

// generates reports whether a key can be made in one of the storages: in key
// files and on tokens, not in Java's.
func generates(storages []string) bool {
	for _, s := range storages {
		if s == keystore.PKCS12 || keystore.IsToken(s) {
			return true
		}
	}
	return len(storages) == 0
}

func requestTemplate(op protocol.MakeCSR) (t csr.Template, err error) {
	attributes := make([]pki.Attribute, len(op.Subject))
	for i, a := range op.Subject {
		oid, ok := pki.ParseOID(a.OID)
		if !ok {
			return t, fmt.Errorf("malformed OID %q", printable(a.OID))
		}
		attributes[i] = pki.Attribute{Type: oid, Value: a.Value}
	}
	if len(attributes) == 0 {
		return t, errors.New("empty subject")
	}
	if t.Subject, err = pki.NewName(attributes...); err != nil {
		return t, err
	}
	for _, text := range op.EKU {
		oid, ok := pki.ParseOID(text)
		if !ok {
			return t, fmt.Errorf("malformed OID %q", printable(text))
		}
		t.ExtKeyUsage = append(t.ExtKeyUsage, oid)
	}
	for _, e := range op.Extensions {
		oid, ok := pki.ParseOID(e.OID)
		if !ok {
			return t, fmt.Errorf("malformed OID %q", printable(e.OID))
		}
		t.Extensions = append(t.Extensions, csr.Extension{ID: oid, Critical: e.Critical, Value: e.Value})
	}
	return t, t.Check()
}

// importCertificate puts a certificate beside the key that waits for it (§6.7).
// What is wrong with the certificate is said before any window; which keys wait
// here is not told to a page that cannot name one.
func (c *session) importCertificate(call *protocol.Call, op protocol.ImportCertificate) (protocol.Result, error) {
	desk, ok := c.s.o.Desk.(waiter)
	if !ok {
		return nil, protocol.ErrNotSupported
	}
	waiting, err := desk.Waiting(op.KeyID, op.Certificates)
	if err != nil {
		c.s.o.Log.Info("importCertificate is refused", "error", err, "origin", c.origin.raw)
		if unfit(err) {
			return nil, fmt.Errorf("%w: %w", protocol.ErrUnfitCertificate, err)
		}
		return nil, err
	}
	q, err := c.question(call, protocol.Selection{}, op.Presentation)
	if err != nil {
		return nil, err
	}
	q.Purpose, q.Certificate = prompt.InstallCertificate, waiting
	g, err := c.s.o.Desk.Ask(c.ctx, q)
	if err != nil {
		return nil, err
	}
	done, storage, err := g.Install(c.ctx)
	if err != nil {
		c.s.o.Log.Error("importCertificate failed", "error", err)
		if unfit(err) {
			err = fmt.Errorf("%w: %w", protocol.ErrUnfitCertificate, err)
		}
		return nil, err
	}
	return protocol.Imported{KeyID: op.KeyID, Alias: done.Alias, SerialNumber: done.Certificate.SerialHex(), Storage: storage}, nil
}

// waiter is a desk that knows which keys wait for their certificates.
type waiter interface {
	Waiting(keyID string, certificates [][]byte) (*consent.NewCertificate, error)
}

// unfit: the certificate is to blame, not the storage.
func unfit(err error) bool {
	for _, e := range []error{
		enrollment.ErrNoCertificate, enrollment.ErrOtherKey, enrollment.ErrExpired, enrollment.ErrNotYetValid,
		enrollment.ErrPurpose, enrollment.ErrUnknownCA, enrollment.ErrBrokenChain,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
