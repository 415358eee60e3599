package pkcs12

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// blockCipher is a cipher that stores are encrypted with, always in CBC mode.
type blockCipher struct {
	name string
	key  int // octets
	new  func(key []byte) (cipher.Block, error)
}

var (
	tripleDES  = blockCipher{"3DES", 24, des.NewTripleDESCipher}
	doubleDES  = blockCipher{"3DES-2KEY", 16, newDoubleDES}
	rc2Bits40  = blockCipher{"RC2-40", 5, func(key []byte) (cipher.Block, error) { return newRC2(key), nil }}
	rc2Bits128 = blockCipher{"RC2-128", 16, rc2Bits40.new}
)

func newDoubleDES(key []byte) (cipher.Block, error) {
	full := append(key[:16:16], key[:8]...)
	defer wipe(full)
	return des.NewTripleDESCipher(full)
}

// Password-based encryption of RFC 7292, appendix C: both key and vector are
// derived with SHA-1.
var pkcs12Ciphers = map[string]blockCipher{
	"1.2.840.113549.1.12.1.3": tripleDES,
	"1.2.840.113549.1.12.1.4": doubleDES,
	"1.2.840.113549.1.12.1.5": rc2Bits128,
	"1.2.840.113549.1.12.1.6": rc2Bits40,
}

// Ciphers of PBES2 (RFC 8018, appendix B.2).
var pbes2Ciphers = map[string]blockCipher{
	"1.2.840.113549.3.7":      tripleDES,
	"2.16.840.1.101.3.4.1.2":  {"AES-128", 16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {"AES-192", 24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {"AES-256", 32, aes.NewCipher},
}

// hashes by digest identifier and by the identifier of HMAC with them.
var hashes = map[string]hashAlgorithm{
	"1.3.14.3.2.26":          {"SHA-1", sha1.New},
	"2.16.840.1.101.3.4.2.4": {"SHA-224", sha256.New224},
	"2.16.840.1.101.3.4.2.1": {"SHA-256", sha256.New},
	"2.16.840.1.101.3.4.2.2": {"SHA-384", sha512.New384},
	"2.16.840.1.101.3.4.2.3": {"SHA-512", sha512.New},
}

var hmacs = map[string]hashAlgorithm{
	"1.2.840.113549.2.7":  hashes["1.3.14.3.2.26"],
	"1.2.840.113549.2.8":  hashes["2.16.840.1.101.3.4.2.4"],
	"1.2.840.113549.2.9":  hashes["2.16.840.1.101.3.4.2.1"],
	"1.2.840.113549.2.10": hashes["2.16.840.1.101.3.4.2.2"],
	"1.2.840.113549.2.11": hashes["2.16.840.1.101.3.4.2.3"],
}

type hashAlgorithm struct {
	name string
	new  func() hash.Hash
}

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

// protection is one way a part of the store is encrypted.
type protection struct {
	unknown string // dotted identifier of what is not known here
	cipher  blockCipher
	salt    []byte
	rounds  int
	prf     *hashAlgorithm // of PBKDF2; nil means the derivation of RFC 7292
	iv      []byte         // of PBES2
}

// Name says the way in words for people who look after computers.
func (p *protection) Name() string {
	switch {
	case p.unknown != "":
		return p.unknown
	case p.prf != nil:
		return "PBES2 " + p.prf.name + " " + p.cipher.name
	}
	return "PBE SHA-1 " + p.cipher.name
}

// readProtection reads the AlgorithmIdentifier of an encryption and charges
// its work. An algorithm that is not known is no error until it is needed.
func readProtection(in *cryptobyte.String, b *budget) (*protection, error) {
	oid, params, err := readAlgorithm(in)
	if err != nil {
		return nil, err
	}
	if oid == oidPBES2 {
		return readPBES2(params, b)
	}
	c, ok := pkcs12Ciphers[oid]
	if !ok {
		return &protection{unknown: oid}, nil
	}
	p := &protection{cipher: c}
	var seq, salt cryptobyte.String
	if !params.ReadASN1(&seq, cbasn1.SEQUENCE) || !params.Empty() ||
		!seq.ReadASN1(&salt, cbasn1.OCTET_STRING) || !readCount(&seq, &p.rounds) || !seq.Empty() {
		return nil, fmt.Errorf("%w: parameters of encryption", ErrCorrupt)
	}
	p.salt = salt
	return p, b.derive(p.rounds, p.salt)
}

func readPBES2(params cryptobyte.String, b *budget) (*protection, error) {
	var seq cryptobyte.String
	if !params.ReadASN1(&seq, cbasn1.SEQUENCE) || !params.Empty() {
		return nil, fmt.Errorf("%w: parameters of PBES2", ErrCorrupt)
	}
	k, err := readPBKDF2(&seq, b)
	if err != nil {
		return nil, err
	}
	oid, params, err := readAlgorithm(&seq)
	if err != nil {
		return nil, err
	}
	if k.unknown != "" {
		return &protection{unknown: k.unknown}, nil
	}
	c, ok := pbes2Ciphers[oid]
	if !ok {
		return &protection{unknown: oid}, nil
	}
	var iv cryptobyte.String
	if !params.ReadASN1(&iv, cbasn1.OCTET_STRING) || !params.Empty() || !seq.Empty() ||
		k.size != 0 && k.size != c.key {
		return nil, fmt.Errorf("%w: parameters of %s", ErrCorrupt, c.name)
	}
	return &protection{cipher: c, salt: k.salt, rounds: k.rounds, prf: &k.prf, iv: iv}, nil
}

// derivation is PBKDF2 with its parameters.
type derivation struct {
	unknown string
	salt    []byte
	rounds  int
	size    int // 0 when not said
	prf     hashAlgorithm
}

func readPBKDF2(in *cryptobyte.String, b *budget) (*derivation, error) {
	oid, params, err := readAlgorithm(in)
	if err != nil {
		return nil, err
	}
	if oid != oidPBKDF2 {
		return &derivation{unknown: oid}, nil
	}
	k := &derivation{prf: hmacs["1.2.840.113549.2.7"]}
	var seq, salt cryptobyte.String
	if !params.ReadASN1(&seq, cbasn1.SEQUENCE) || !params.Empty() ||
		!seq.ReadASN1(&salt, cbasn1.OCTET_STRING) || !readCount(&seq, &k.rounds) ||
		seq.PeekASN1Tag(cbasn1.INTEGER) && (!readCount(&seq, &k.size) || k.size == 0) {
		return nil, fmt.Errorf("%w: parameters of PBKDF2", ErrCorrupt)
	}
	k.salt = salt
	if !seq.Empty() {
		oid, _, err := readAlgorithm(&seq)
		if err != nil {
			return nil, err
		}
		prf, ok := hmacs[oid]
		if !ok {
			return &derivation{unknown: oid}, nil
		}
		k.prf = prf
	}
	if !seq.Empty() {
		return nil, fmt.Errorf("%w: parameters of PBKDF2", ErrCorrupt)
	}
	return k, b.derive(k.rounds, k.salt)
}

// readAlgorithm reads an AlgorithmIdentifier as a dotted identifier and the
// octets of its parameters, which may be none.
func readAlgorithm(in *cryptobyte.String) (string, cryptobyte.String, error) {
	var seq cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return "", nil, fmt.Errorf("%w: algorithm identifier", ErrCorrupt)
	}
	return oid.String(), seq, nil
}

// readCount reads an INTEGER from 0 to 2³¹−1; anything larger reads as that, so
// that it exceeds every bound.
func readCount(in *cryptobyte.String, out *int) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.INTEGER) || len(content) == 0 || content[0] >= 0x80 {
		return false
	}
	const most = 1<<31 - 1
	n := 0
	for _, octet := range content {
		if n = n<<8 | int(octet); n > most {
			n = most
			break
		}
	}
	*out = n
	return true
}

// errPadding says that decryption gave no padding: the password is wrong, or
// the octets are not what was encrypted.
var errPadding = errors.New("wrong padding after decryption")

// mode derives the key and the vector and returns the cipher in CBC mode.
func (p *protection) mode(s *secret) (cipher.Block, []byte, error) {
	if p.unknown != "" {
		return nil, nil, fmt.Errorf("%w: encryption %s", ErrUnsupported, p.unknown)
	}
	var key []byte
	iv := p.iv
	if p.prf != nil {
		key = pbkdf2(p.prf.new, s.text, p.salt, p.rounds, p.cipher.key)
	} else {
		key = derive(sha1.New, s.wide, p.salt, purposeKey, p.rounds, p.cipher.key)
		iv = derive(sha1.New, s.wide, p.salt, purposeIV, p.rounds, 8)
	}
	defer wipe(key)
	block, err := p.cipher.new(key)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, p.cipher.name, err)
	}
	if len(iv) != block.BlockSize() {
		return nil, nil, fmt.Errorf("%w: vector of %d octets for %s", ErrCorrupt, len(iv), p.cipher.name)
	}
	return block, iv, nil
}

// decrypt returns the plain octets; the caller wipes them. The error is
// errPadding when the outcome is not padded as PKCS #7 says.
func (p *protection) decrypt(s *secret, in []byte) ([]byte, error) {
	block, iv, err := p.mode(s)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(in) == 0 || len(in)%size != 0 {
		return nil, fmt.Errorf("%w: %d encrypted octets", ErrCorrupt, len(in))
	}
	out := make([]byte, len(in))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, in)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > size {
		wipe(out)
		return nil, errPadding
	}
	for _, b := range out[len(out)-pad:] {
		if int(b) != pad {
			wipe(out)
			return nil, errPadding
		}
	}
	return out[:len(out)-pad], nil
}

// encrypt is the opposite of decrypt.
func (p *protection) encrypt(s *secret, plain []byte) ([]byte, error) {
	block, iv, err := p.mode(s)
	if err != nil {
		return nil, err
	}
	pad := block.BlockSize() - len(plain)%block.BlockSize()
	out := make([]byte, len(plain)+pad)
	copy(out, plain)
	for i := len(plain); i < len(out); i++ {
		out[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out, nil
}
