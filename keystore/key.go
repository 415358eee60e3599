package keystore

import (
	"crypto"
	"io"
	"slices"
	"sync"

	"tanba/internal/pki"
	"tanba/keystore/pkcs12"
)

// fileKeys are the keys of one unlocking of a file.
type fileKeys struct {
	mu    sync.RWMutex // read-locked while a key signs
	store *pkcs12.Store
}

func (g *fileKeys) keys() []Key {
	keys := make([]Key, 0, len(g.store.Entries))
	for _, e := range g.store.Entries {
		k := &fileKey{group: g, entry: e, public: e.Key.Public()}
		if a, ok := e.Key.(appender); ok {
			keys = append(keys, &appendKey{k, a})
		} else {
			keys = append(keys, k)
		}
	}
	return keys
}

func (g *fileKeys) destroy() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.store != nil {
		g.store.Destroy()
		g.store = nil
	}
}

// fileKey is a key from a file.
type fileKey struct {
	group  *fileKeys
	entry  pkcs12.Entry
	public crypto.PublicKey
}

func (k *fileKey) Public() crypto.PublicKey      { return k.public }
func (k *fileKey) Alias() string                 { return k.entry.Alias }
func (k *fileKey) Certificate() *pki.Certificate { return k.entry.Certificate }
func (k *fileKey) Chain() []*pki.Certificate     { return slices.Clone(k.entry.Chain) }

func (k *fileKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.group.mu.RLock()
	defer k.group.mu.RUnlock()
	if k.group.store == nil {
		return nil, ErrClosed
	}
	return k.entry.Key.Sign(rand, digest, opts)
}

// appender is a key that signs into memory it is given, one digest or many; GOST
// keys do.
type appender interface {
	AppendSignature(dst, digest []byte) ([]byte, error)
	SignBatch(random io.Reader, dst, digests []byte) ([]byte, error)
}

// appendKey is a file key that is an appender too.
type appendKey struct {
	*fileKey
	appender appender
}

// AppendSignature is Sign without an allocation.
func (k *appendKey) AppendSignature(dst, digest []byte) ([]byte, error) {
	k.group.mu.RLock()
	defer k.group.mu.RUnlock()
	if k.group.store == nil {
		return nil, ErrClosed
	}
	return k.appender.AppendSignature(dst, digest)
}

// SignBatch appends the signatures of many digests, which lie one after the
// other; see gost3410.PrivateKey.
func (k *appendKey) SignBatch(random io.Reader, dst, digests []byte) ([]byte, error) {
	k.group.mu.RLock()
	defer k.group.mu.RUnlock()
	if k.group.store == nil {
		return dst, ErrClosed
	}
	return k.appender.SignBatch(random, dst, digests)
}
