package enrollment

import (
	"context"
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"tanba/internal/csr"
	"tanba/internal/gost3410"
	"tanba/internal/pki"
	"tanba/keystore"
	"tanba/keystore/pkcs12"
)

// NewKey is a key to be made.
type NewKey struct {
	Family   pki.Family
	Template csr.Template // Store is filled in
	Rand     io.Reader    // nil = crypto/rand
	Now      time.Time
}

// PendingName is the name of the file of a key that has no certificate yet.
func PendingName(keyID string) string { return "REQUEST_" + keyID + ".p12" }

// InFile makes the key in memory, writes it into a new key file and returns
// what to send to the authority. out is the path of the file; a folder stands
// for PendingName in it. The password is not changed.
func (n NewKey) InFile(out string, folder bool, password []byte) (*Pending, error) {
	key, err := n.generate()
	if err != nil {
		return nil, err
	}
	defer pki.Destroy(key)
	n.Template.Store = csr.StorePKCS12
	p, err := n.pending(key)
	if err != nil {
		return nil, err
	}
	placeholder, err := csr.Placeholder(n.Rand, key, n.Template.Subject, n.Now)
	if err != nil {
		return nil, err
	}
	data, err := pkcs12.Encode(n.Rand, []pkcs12.Entry{{Key: key, Certificate: placeholder}}, password)
	if err != nil {
		return nil, err
	}
	p.Path = out
	if folder {
		p.Path = filepath.Join(out, PendingName(p.KeyID))
	}
	if err := create(p.Path, data, opens(password, placeholder)); err != nil {
		return nil, err
	}
	return p, nil
}

// OnToken makes the key on an unlocked token, which it never leaves.
func (n NewKey) OnToken(ctx context.Context, t keystore.TokenStore, label string) (*Pending, error) {
	key, id, err := t.Generate(ctx, n.Family, label)
	if err != nil {
		return nil, err
	}
	info := t.Info()
	n.Template.Store = stores[info.Storage]
	p, err := n.pending(key)
	if err != nil {
		return nil, err
	}
	p.Token, p.TokenID = info.Serial, id
	return p, nil
}

// stores are the kinds of tokens as requests name them.
var stores = map[string]pki.OID{
	keystore.Kaztoken: csr.StoreKaztoken, keystore.IDCard: csr.StoreIDCard, keystore.EToken72K: csr.StoreEToken72K,
	keystore.EToken5110: csr.StoreEToken5110, keystore.JaCarta: csr.StoreJaCarta, keystore.AKey: csr.StoreAKey,
}

func (n NewKey) pending(key crypto.Signer) (*Pending, error) {
	request, err := csr.Create(n.Rand, key, n.Template)
	if err != nil {
		return nil, err
	}
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		return nil, fmt.Errorf("enrollment: %w", err)
	}
	return &Pending{
		KeyID: keyID(public), Family: public.Family, Subject: n.Template.Subject.String(),
		Created: n.Now.UTC().Truncate(time.Second), Request: request,
	}, nil
}

func (n NewKey) generate() (crypto.Signer, error) {
	rand := n.Rand
	if rand == nil {
		rand = cryptorand.Reader
	}
	switch n.Family {
	case pki.GOST512:
		return gost3410.GenerateKey(gost3410.TC26A512(), rand)
	case pki.GOST256:
		return gost3410.GenerateKey(gost3410.TC26A256(), rand)
	case pki.RSA:
		return rsa.GenerateKey(rand, 2048)
	}
	return nil, fmt.Errorf("enrollment: new keys of %v are not made any more: %w", n.Family, pki.ErrAlgorithm)
}

// opens returns a check that data is a key file that opens with the password,
// holds the certificate, and that its key signs for it.
func opens(password []byte, want *pki.Certificate) func(data []byte) error {
	return func(data []byte) error {
		s, err := pkcs12.Open(data, password)
		if err != nil {
			return err
		}
		defer s.Destroy()
		for _, e := range s.Entries {
			if e.Certificate.Equal(want) {
				return proves(e.Key, e.Certificate)
			}
		}
		return pki.ErrKeyMismatch
	}
}

// proves makes a signature and verifies it.
func proves(key crypto.Signer, c *pki.Certificate) error {
	h := c.PublicKey.Family.NewHash()
	h.Write([]byte("Tanba"))
	digest := h.Sum(nil)
	signature, err := pki.SignDigest(key, nil, digest)
	if err != nil {
		return err
	}
	return c.PublicKey.VerifyDigest(digest, signature)
}
