package prompt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"runtime"
)

// The page does not send a password as it is: it would stay in buffers of the
// HTTP server that nobody can clear. It makes a P-256 key of its own, derives
// an AES-256-GCM key from the shared secret (HKDF-SHA-256, salt = the token of
// the window, info "tanba password") and sends public key, nonce and box. The
// plain octets exist once here, in a slice that is cleared.

const sealInfo = "tanba password"

var errSeal = errors.New("the password was not sealed for this window")

// open returns the password in a box. The caller clears it.
func (s *session) open(public, nonce, box []byte) ([]byte, error) {
	pub, err := ecdh.P256().NewPublicKey(public)
	if err != nil {
		return nil, errSeal
	}
	shared, err := s.seal.ECDH(pub)
	if err != nil {
		return nil, errSeal
	}
	key, err := hkdf.Key(sha256.New, shared, s.token, sealInfo, 32)
	clear(shared)
	if err != nil {
		return nil, errSeal
	}
	block, err := aes.NewCipher(key)
	clear(key)
	runtime.KeepAlive(key)
	if err != nil {
		return nil, errSeal
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(nonce) != gcm.NonceSize() {
		return nil, errSeal
	}
	secret, err := gcm.Open(make([]byte, 0, len(box)), nonce, box, nil)
	if err != nil {
		return nil, errSeal
	}
	return secret, nil
}
