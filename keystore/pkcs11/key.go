package pkcs11

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// key is a private key on a token with one of its certificates.
type key struct {
	s       *store
	entry   entry
	bookKey string

	signatures atomic.Int64
	verifier   func() *gost3410.Verifier
}

func (s *store) newKey(e entry) *key {
	k := &key{s: s, entry: e, bookKey: orderKey(s.d.m.path, s.d.m.version(), s.d.born.model, int(e.public.Family))}
	if e.public.Family != pki.RSA {
		k.verifier = sync.OnceValue(func() *gost3410.Verifier { return gost3410.NewVerifier(e.public.GOST) })
	}
	return k
}

func (k *key) Public() crypto.PublicKey {
	if k.entry.public.Family == pki.RSA {
		return k.entry.public.RSA
	}
	return k.entry.public.GOST
}

func (k *key) Alias() string                 { return k.entry.alias() }
func (k *key) Certificate() *pki.Certificate { return k.entry.certificate }
func (k *key) Chain() []*pki.Certificate     { return slices.Clone(k.entry.chain) }

// Sign returns a signature that has been verified. The digest is that of the
// family's hash; for RSA opts names it: SHA-256, and SHA-1, SHA-384 or SHA-512
// for those who need them. The source of randomness is the token's.
func (k *key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.entry.public.Family == pki.RSA {
		if _, pss := opts.(*rsa.PSSOptions); pss || opts == nil {
			return nil, keystore.ErrMechanism
		}
		return k.signRSA(digest, opts.HashFunc(), k.send)
	}
	return k.signGOST(digest, k.send)
}

// sender makes one signature of the token, whatever form that has.
type sender func(mechanism uint64, data []byte, size int) ([]byte, error)

func (k *key) send(mechanism uint64, data []byte, size int) ([]byte, error) {
	// crypto.Signer has no ctx; the time is bounded by that of a call.
	return k.s.d.sign(context.Background(), k.s, k.entry.key, mechanism, data, size)
}

func (k *key) signWith(digest []byte, send sender) ([]byte, error) {
	if k.entry.public.Family == pki.RSA {
		return k.signRSA(digest, crypto.SHA256, send)
	}
	return k.signGOST(digest, send)
}

// digestInfos are the DER encodings before the digest (RFC 8017 section 9.2).
var digestInfos = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

func (k *key) signRSA(digest []byte, hash crypto.Hash, send sender) ([]byte, error) {
	info := digestInfos[hash]
	if info == nil {
		return nil, keystore.ErrMechanism
	}
	if len(digest) != hash.Size() {
		return nil, fmt.Errorf("pkcs11: digest of %d octets for %v", len(digest), hash)
	}
	public := k.entry.public.RSA
	signature, err := send(ckmRSA, slices.Concat(info, digest), public.Size())
	if err != nil {
		return nil, err
	}
	if n := public.Size() - len(signature); n > 0 && len(signature) > 0 { // zeros in front left out
		signature = append(make([]byte, n), signature...)
	}
	if rsa.VerifyPKCS1v15(public, hash, digest, signature) != nil {
		return nil, keystore.ErrTokenSignature
	}
	return signature, nil
}

// signGOST finds out, the first time for a module and model, in which order the
// token reads digests and writes signatures.
func (k *key) signGOST(digest []byte, send sender) ([]byte, error) {
	size := k.entry.public.GOST.Curve().Size()
	if len(digest) != size {
		return nil, fmt.Errorf("pkcs11: digest of %d octets: %w", len(digest), gost3410.ErrDigest)
	}
	mechanism := uint64(ckmGOST)
	if size == 64 {
		mechanism = ckmGOST512
	}
	book := &k.s.d.t.book
	known, _ := book.get(k.bookKey)
	octets, err := send(mechanism, known.digest(digest), 2*size)
	if err != nil {
		return nil, err
	}
	if len(octets) != 2*size {
		return nil, fmt.Errorf("%w: %d octets", keystore.ErrTokenSignature, len(octets))
	}
	if signature := known.signature(octets); k.verify(digest, signature) {
		k.remember(book, known)
		return signature, nil
	}
	for o := sRBig; o < reversed; o++ {
		if signature := o.signature(octets); k.verify(digest, signature) {
			k.remember(book, o|known&reversed)
			return signature, nil
		}
	}
	// Perhaps it reads the digest the other way round: then this is a signature
	// of the octets reversed, worth nothing but the knowledge.
	backwards := reversed.digest(digest)
	for o := sRBig; o < reversed; o++ {
		if !k.verify(backwards, o.signature(octets)) {
			continue
		}
		o |= (known ^ reversed) & reversed
		if octets, err = send(mechanism, o.digest(digest), 2*size); err != nil {
			return nil, err
		}
		if len(octets) != 2*size {
			break
		}
		if signature := o.signature(octets); k.verify(digest, signature) {
			k.remember(book, o)
			return signature, nil
		}
		break
	}
	return nil, keystore.ErrTokenSignature
}

func (k *key) remember(book *orderBook, o order) {
	if err := book.put(k.bookKey, o); err != nil {
		k.s.d.t.o.Log.Warn("the byte order of a token is not remembered", "err", err)
	}
}

// verify uses tables, which take a third of a megabyte, once there is a batch.
func (k *key) verify(digest, signature []byte) bool {
	const few = 16
	if k.signatures.Add(1) > few {
		return k.verifier().Verify(digest, signature)
	}
	return k.entry.public.GOST.Verify(digest, signature)
}

// sign makes one signature with a key of the store. What the table of codes says
// is done once before the caller hears of it.
func (d *device) sign(ctx context.Context, s *store, k *privateObject, mechanism uint64, data []byte, size int) ([]byte, error) {
	for attempt := 0; ; attempt++ {
		d.mu.RLock()
		err := s.usable()
		if err != nil || k.relogin {
			d.mu.RUnlock()
			if err != nil {
				return nil, err
			}
			return d.signByLogin(ctx, s, k, mechanism, data, size)
		}
		epoch, p := d.epoch, d.p
		signature, code, at, err := d.signOnce(ctx, k, mechanism, data, size)
		d.mu.RUnlock()
		switch {
		case errors.Is(err, errHelper):
			d.helperLost(p)
			return nil, err
		case err != nil:
			return nil, err
		case code == ckrOK:
			return signature, nil
		case at == wire.AtLogin && wantsFullLogin(code), attempt > 0 && at == wire.AtInit && code == ckrNotLoggedIn && k.eachTime:
			// The second: the login is fresh, and not good for this key.
			d.mu.Lock()
			k.relogin = true
			d.mu.Unlock()
			continue
		}
		again, err := d.after(ctx, code, at, epoch, p, attempt)
		if !again {
			return nil, err
		}
	}
}

// signOnce asks the helper; d.mu is at least read-locked.
func (d *device) signOnce(ctx context.Context, k *privateObject, mechanism uint64, data []byte, size int) (signature []byte, code, at uint64, err error) {
	q := &wire.Request{Op: wire.Sign, Slot: d.slot, Session: d.session, Object: k.handle, Mechanism: mechanism, Data: data, Size: uint64(size)}
	limit := d.m.o.Timeouts.Call
	if k.eachTime && !k.relogin {
		q.Flags = wire.EachTime
		if d.info.flags&ckfPad != 0 {
			q.Flags |= wire.Pad
			limit = d.m.o.Timeouts.Pad
		}
	}
	r, err := d.p.call(ctx, q, limit)
	switch {
	case err != nil:
		return nil, 0, 0, helperErr(err)
	case r.Code != ckrOK:
		if len(r.Numbers) == 1 {
			at = r.Numbers[0]
		}
		return nil, r.Code, at, nil
	case len(r.Octets) != 1:
		return nil, 0, 0, helperErr(fmt.Errorf("%w: %w", errHelper, wire.ErrFrame))
	}
	return r.Octets[0], ckrOK, 0, nil
}

// after does what a code asks for. again: the signature may be tried once more.
func (d *device) after(ctx context.Context, code, at uint64, epoch int, p *process, attempt int) (again bool, err error) {
	doing := [...]string{wire.AtInit: "C_SignInit", wire.AtLogin: "C_Login", wire.AtSign: "C_Sign"}[min(at, wire.AtSign)]
	err = codeErr(doing, code)
	switch m := meaningOf(code); {
	case code == wire.CodeNoPIN:
		// The helper forgot it because the token went, or login was refused.
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held = false
		if _, lost := d.connect(ctx); lost != nil {
			return false, lost
		}
		return false, err
	case at == wire.AtLogin:
		// The PIN of this signature was not taken. It is not sent again, and the
		// operation that was begun ends with the session.
		d.mu.Lock()
		if d.epoch == epoch {
			if code == ckrPINIncorrect || code == ckrPINLocked {
				d.held = false
			}
			if m.action == forget {
				d.lose()
			} else if reopenErr := d.reopenOnly(ctx); reopenErr != nil {
				err = errors.Join(err, reopenErr)
			}
		}
		d.mu.Unlock()
		return false, err
	case m.action == forget:
		d.mu.Lock()
		d.lose()
		d.mu.Unlock()
		return false, err
	case m.action == stop:
		return false, err
	case attempt == 0:
		if recoverErr := d.recover(ctx, epoch, code == ckrNotLoggedIn); recoverErr != nil {
			if errors.Is(recoverErr, keystore.ErrTokenGone) {
				return false, recoverErr
			}
			return false, errors.Join(err, recoverErr)
		}
		return true, nil
	case m.action == renew:
		d.m.end(p)
		d.helperLost(p)
	}
	return false, err
}

// helperLost drops a session that ended with its helper, and the login with it.
func (d *device) helperLost(p *process) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.p == p {
		d.drop()
	}
}

// wantsFullLogin tells the codes of modules that have keys which want the PIN
// each time, and no login of that kind.
func wantsFullLogin(code uint64) bool {
	return code == ckrUserType || code == ckrNotSupported || code == ckrNotInitialized || code == ckrAlreadyLoggedIn
}

// signByLogin logs out and in before a signature, with the PIN that is held.
func (d *device) signByLogin(ctx context.Context, s *store, k *privateObject, mechanism uint64, data []byte, size int) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	return d.signLocked(ctx, k, mechanism, data, size)
}

// signLocked is sign under the lock, without a second attempt.
func (d *device) signLocked(ctx context.Context, k *privateObject, mechanism uint64, data []byte, size int) ([]byte, error) {
	for {
		if k.relogin {
			if err := d.loginAnew(ctx); err != nil {
				return nil, err
			}
		}
		signature, code, at, err := d.signOnce(ctx, k, mechanism, data, size)
		switch {
		case errors.Is(err, errHelper):
			d.drop()
			return nil, err
		case err != nil:
			return nil, err
		case code == ckrOK:
			return signature, nil
		case at == wire.AtLogin && wantsFullLogin(code) && !k.relogin && d.held:
			k.relogin = true
			continue
		}
		err = codeErr("C_Sign", code)
		if code == ckrNotLoggedIn {
			k.relogin = false // that was not its way either
		}
		if meaningOf(code).action == forget {
			d.lose()
		} else if at == wire.AtLogin {
			err = errors.Join(err, d.reopenOnly(ctx))
		}
		return nil, err
	}
}
