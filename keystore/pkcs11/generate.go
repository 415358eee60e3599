package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// Generate implements keystore.TokenStore: RSA with 2048 bits, or GOST. Before
// it returns, the pair has made a signature that its public key verifies; a pair
// that cannot is removed again.
func (s *store) Generate(ctx context.Context, family pki.Family, label string) (crypto.Signer, []byte, error) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := s.usable(); err != nil {
		return nil, nil, err
	}
	session, done, err := d.writableSession(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	id := make([]byte, 8)
	rand.Read(id)
	public, private, err := d.makePair(ctx, session, family, label, id)
	if err != nil {
		return nil, nil, err
	}
	k, err := s.check(ctx, session, public, private, id, label, family)
	if err != nil {
		for _, object := range []uint64{public, private} {
			d.p.ask(ctx, &wire.Request{Op: wire.Destroy, Session: session, Object: object}, d.m.o.Timeouts.Call, "C_DestroyObject")
		}
		return nil, nil, err
	}
	return k, id, nil
}

// makePair asks the token for a pair. The parameters stand in the public
// template only: some modules refuse them in the private one.
func (d *device) makePair(ctx context.Context, session uint64, family pki.Family, label string, id []byte) (public, private uint64, err error) {
	var mechanism, keyType uint64
	var params []wire.Attribute
	hashes := [][]byte{nil}
	switch family {
	case pki.RSA:
		mechanism, keyType = ckmRSAGenerate, ckkRSA
		params = []wire.Attribute{number(ckaModulusBits, 2048), {Type: ckaPublicExponent, Value: []byte{1, 0, 1}}}
	case pki.GOST512:
		mechanism, keyType = ckmGOST512Generate, ckkGOST512
		params = []wire.Attribute{{Type: ckaGOSTParams, Value: oidTC26A512}}
		// aKey's pairs name the old hash; some modules refuse any.
		hashes = [][]byte{oidStreebog[pki.GOST512], oidStreebog[pki.GOST2004], nil}
	case pki.GOST256:
		mechanism, keyType = ckmGOSTGenerate, ckkGOST
		params = []wire.Attribute{{Type: ckaGOSTParams, Value: oidTC26A256}}
		hashes = [][]byte{oidStreebog[pki.GOST256], oidStreebog[pki.GOST2004], nil}
	case pki.GOST2004:
		mechanism, keyType = ckmGOSTGenerate, ckkGOST
		params = []wire.Attribute{{Type: ckaGOSTParams, Value: oidCryptoProA}}
		hashes = [][]byte{oidStreebog[pki.GOST2004], nil}
	default:
		return 0, 0, keystore.ErrMechanism
	}
	common := []wire.Attribute{number(ckaKeyType, keyType), boolean(ckaToken, true), {Type: ckaLabel, Value: []byte(label)}, {Type: ckaID, Value: id}}
	for _, hash := range hashes {
		publicTemplate := slices.Concat([]wire.Attribute{number(ckaClass, ckoPublicKey)}, common, []wire.Attribute{boolean(ckaPrivate, false), boolean(ckaVerify, true)}, params)
		if hash != nil {
			publicTemplate = append(publicTemplate, wire.Attribute{Type: ckaGOSTHashParams, Value: hash})
		}
		privateTemplate := slices.Concat([]wire.Attribute{number(ckaClass, ckoPrivateKey)}, common, []wire.Attribute{
			boolean(ckaPrivate, true), boolean(ckaSensitive, true), boolean(ckaExtractable, false), boolean(ckaSign, true),
		})
		r, askErr := d.write(ctx, &wire.Request{Op: wire.Generate, Session: session, Mechanism: mechanism, Public: publicTemplate, Private: privateTemplate}, d.m.o.Timeouts.Generate, "C_GenerateKeyPair")
		if askErr == nil && len(r.Numbers) == 2 {
			return r.Numbers[0], r.Numbers[1], nil
		}
		if err = askErr; err == nil {
			err = helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
		}
		switch codeOf(err) {
		case ckrAttributeValue, ckrAttributeType, ckrTemplateInconsistent, ckrTemplateIncomplete, ckrAttributeReadOnly:
		default:
			return 0, 0, err
		}
	}
	return 0, 0, err
}

// check reads the public key of a new pair and lets the private one sign.
func (s *store) check(ctx context.Context, session, public, private uint64, id []byte, label string, family pki.Family) (*key, error) {
	d := s.d
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: session}
	made, err := r.public(ctx, public)
	if err != nil {
		return nil, err
	}
	if made.public == nil || made.public.Family != family {
		return nil, fmt.Errorf("%w: the public key of the new pair cannot be read", keystore.ErrTokenFailed)
	}
	// The handle may be of this session alone; the keys of the login say theirs.
	all, err := (&reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session}).privates(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(o *privateObject) bool { return bytes.Equal(o.id, id) })
	if at < 0 {
		return nil, fmt.Errorf("%w: the private key of the new pair is not found", keystore.ErrTokenFailed)
	}
	if all[at].eachTime && !d.held {
		// The PIN is no longer held: the next Unlock shows whether it signs.
		d.keys = append(d.keys, all[at])
		return s.newKey(entry{key: all[at], public: made.public}), nil
	}
	ok, err := s.proves(ctx, all[at], made.public)
	if err == nil && !ok {
		err = keystore.ErrTokenSignature
	}
	if err != nil {
		return nil, err
	}
	d.keys = append(d.keys, all[at])
	return s.newKey(entry{key: all[at], public: made.public}), nil
}

// writableSession opens one beside that of the login, unless that one is
// writable.
func (d *device) writableSession(ctx context.Context) (session uint64, done func(), err error) {
	if d.info.flags&ckfWriteLocked != 0 {
		return 0, nil, keystore.ErrTokenReadOnly
	}
	if d.writable {
		return d.session, func() {}, nil
	}
	p, limit := d.p, d.m.o.Timeouts.Call
	if session, err = p.openSession(ctx, limit, d.slot, true); err != nil {
		return 0, nil, err
	}
	return session, func() {
		p.ask(context.WithoutCancel(ctx), &wire.Request{Op: wire.CloseSess, Slot: d.slot, Session: session}, limit, "C_CloseSession")
	}, nil
}

// Pending implements keystore.TokenStore.
func (s *store) Pending(ctx context.Context) ([]keystore.PendingKey, error) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session, cache: d.cache}
	privates, err := r.privates(ctx)
	if err != nil {
		return nil, err
	}
	publics, err := r.publics(ctx)
	if err != nil {
		return nil, err
	}
	certificates, _, err := r.certificates(ctx)
	if err != nil {
		return nil, err
	}
	_, lonely, _ := pair(privates, publics, certificates)
	var list []keystore.PendingKey
	for _, k := range lonely {
		if public := publicOf(k, publics, privates); public != nil && len(k.id) > 0 {
			list = append(list, keystore.PendingKey{ID: k.id, Label: k.label, Public: public})
		}
	}
	return list, nil
}

// Import implements keystore.TokenStore.
func (s *store) Import(ctx context.Context, id []byte, certificate *pki.Certificate, chain ...*pki.Certificate) error {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session}
	privates, err := r.privates(ctx)
	if err != nil {
		return err
	}
	publics, err := r.publics(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(privates, func(o *privateObject) bool { return len(id) > 0 && bytes.Equal(o.id, id) })
	if at < 0 {
		return fmt.Errorf("%w: no key of that ID", keystore.ErrNoKey)
	}
	public := publicOf(privates[at], publics, privates)
	if public == nil && privates[at].mayBe(certificate.PublicKey.Family) {
		if ok, err := s.proves(ctx, privates[at], certificate.PublicKey); err != nil {
			return err
		} else if ok {
			public = certificate.PublicKey
		}
	}
	if !certificate.PublicKey.Equal(public) {
		return fmt.Errorf("pkcs11: certificate: %w", pki.ErrKeyMismatch)
	}
	session, done, err := d.writableSession(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := d.store(ctx, session, id, privates[at].label, certificate); err != nil {
		return err
	}
	for _, c := range chain {
		// Some tokens take no other certificates than those of their keys; the
		// signature can do without them.
		if err := d.store(ctx, session, c.PublicKey.KeyID(), c.Subject.CommonName(), c); err != nil {
			if errors.Is(err, errHelper) || ctx.Err() != nil {
				return err
			}
			d.t.o.Log.Info("a token did not take a certificate of an authority", "err", err)
		}
	}
	d.showAnew(ctx)
	return nil
}

// write asks for a new object. In some modules a session for writing ends the
// login; where the PIN is held, it is used for another one.
func (d *device) write(ctx context.Context, q *wire.Request, limit time.Duration, doing string) (*wire.Reply, error) {
	r, err := d.p.ask(ctx, q, limit, doing)
	if codeOf(err) != ckrNotLoggedIn || !d.held {
		return r, err
	}
	if err := d.loginAgain(ctx); err != nil {
		return nil, err
	}
	return d.p.ask(ctx, q, limit, doing)
}

// store writes a certificate, unless the token has it, and reads it back.
func (d *device) store(ctx context.Context, session uint64, id []byte, label string, c *pki.Certificate) error {
	limit := d.m.o.Timeouts.Call
	have, err := d.p.find(ctx, limit, session, number(ckaClass, ckoCertificate), wire.Attribute{Type: ckaValue, Value: c.Raw})
	if err == nil && len(have) > 0 {
		return nil
	}
	serial := c.RawSerial()
	if len(serial) > 127 {
		return fmt.Errorf("pkcs11: serial number of %d octets", len(serial))
	}
	attributes := []wire.Attribute{
		number(ckaClass, ckoCertificate), number(ckaCertificateType, ckcX509), boolean(ckaToken, true), boolean(ckaPrivate, false),
		{Type: ckaLabel, Value: []byte(label)}, {Type: ckaID, Value: id}, {Type: ckaSubject, Value: c.RawSubject}, {Type: ckaIssuer, Value: c.RawIssuer},
		{Type: ckaSerialNumber, Value: append([]byte{0x02, byte(len(serial))}, serial...)}, {Type: ckaValue, Value: c.Raw},
	}
	r, err := d.write(ctx, &wire.Request{Op: wire.Create, Session: session, Public: attributes}, limit, "C_CreateObject")
	if err != nil {
		return err
	}
	if len(r.Numbers) != 1 {
		return helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	back, err := d.p.attributes(ctx, limit, session, r.Numbers[0], ckaValue)
	if err != nil {
		return err
	}
	if stored, err := parseCertificate(back[ckaValue]); err != nil || !bytes.Equal(stored.Raw, c.Raw) {
		d.p.ask(ctx, &wire.Request{Op: wire.Destroy, Session: session, Object: r.Numbers[0]}, limit, "C_DestroyObject")
		return fmt.Errorf("%w: the certificate read back is another one", keystore.ErrTokenFailed)
	}
	return nil
}

// showAnew reads the certificates that List shows again.
func (d *device) showAnew(ctx context.Context) {
	r := reader{p: d.p, limit: d.m.o.Timeouts.Call, session: d.session, cache: d.cache}
	found, _, err := r.certificates(ctx)
	if err != nil {
		return // the next insertion shows them
	}
	var list []*pki.Certificate
	for _, c := range found {
		list = append(list, c.certificate)
	}
	d.shownLock.Lock()
	d.shown = list
	d.shownLock.Unlock()
}
