package cms

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"tanba/internal/pki"
)

// The archive time stamp of ETSI EN 319 122-1 clause 5.5.3 and the index that
// says what it covers (clause 5.5.2).
var (
	oidArchiveTimestamp = pki.OID{0, 4, 0, 1733, 2, 4}
	oidHashIndex        = pki.OID{0, 4, 0, 19122, 1, 5}
)

// ErrArchive: an archive time stamp is not over what it stands beside.
var ErrArchive = errors.New("cms: wrong archive time stamp")

// An Archive is what an archive time stamp over one signer is to cover: the
// content and the signature, and by an index of hashes all certificates,
// revocation data and unsigned attributes that are there now. More may be added
// later without harm.
type Archive struct {
	// Imprint is what the token is over, before hashing.
	Imprint []byte
	index   []byte
}

// NewArchive prepares an archive time stamp of the signer of that index with the
// hash of the family. digest is that of the content, with the same hash.
func (sd *SignedData) NewArchive(signer int, family pki.Family, digest []byte) (*Archive, error) {
	if signer < 0 || signer >= len(sd.Signers) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNoSigner, signer+1, len(sd.Signers))
	}
	if !family.Known() || len(digest) != family.HashSize() {
		return nil, fmt.Errorf("%w: digest of %d octets", ErrAlgorithm, len(digest))
	}
	si := sd.Signers[signer]
	h := family.NewHash()
	revocation := slices.Concat(sd.CRLs, sd.OtherRevocation)
	index := element(tagSequence, family.DigestAlgorithm(),
		hashList(h, sd.parts.certificates), hashList(h, revocation), hashList(h, si.attributeValues()))
	imprint, err := sd.archiveImprint(si, digest, index)
	if err != nil {
		return nil, err
	}
	return &Archive{Imprint: imprint, index: index}, nil
}

// AddArchive returns an existing SignedData with a token over a.Imprint in the
// place that the signer's archive time stamps have.
func (a *Archive) AddArchive(existing []byte, signer int, token []byte) ([]byte, error) {
	indexed, err := addUnsigned(token, 0, oidHashIndex, a.index)
	if err != nil {
		return nil, fmt.Errorf("cms: archive time stamp: %w", err)
	}
	return addUnsigned(existing, signer, oidArchiveTimestamp, indexed)
}

// archiveImprint concatenates what clause 5.5.3 says: the content type, the
// digest of the content, the fields of the SignerInfo but the last, the index.
func (sd *SignedData) archiveImprint(si *SignerInfo, digest, index []byte) ([]byte, error) {
	contentType, err := objectIdentifier(sd.ContentType)
	if err != nil {
		return nil, fmt.Errorf("%w: content type", ErrNotSignedData)
	}
	fields, err := si.fields()
	if err != nil {
		return nil, err
	}
	out := append(contentType, digest...)
	for i, f := range fields {
		if i == len(fields)-1 && f[0] == tagContext1 {
			break
		}
		out = append(out, f...)
	}
	return append(out, index...), nil
}

// attributeValues are the unsigned attributes as the index counts them: each
// value behind the type of its attribute.
func (si *SignerInfo) attributeValues() [][]byte {
	var out [][]byte
	for _, a := range si.UnsignedAttributes {
		in := cryptobyte.String(a.Raw)
		var sequence, kind cryptobyte.String
		if !in.ReadASN1(&sequence, tagSequence) || !sequence.ReadASN1Element(&kind, tagOID) {
			continue // readAttributes has read it
		}
		for _, value := range a.Values {
			out = append(out, slices.Concat(kind, value))
		}
	}
	return out
}

func hashList(h hash.Hash, list [][]byte) []byte {
	var content []byte
	for _, e := range list {
		content = append(content, element(tagOctets, sumOf(h, e))...)
	}
	return element(tagSequence, content)
}

func sumOf(h hash.Hash, data []byte) []byte {
	h.Reset()
	h.Write(data)
	return h.Sum(nil)
}

// ArchiveTokens returns the tokens of the signer's archive time stamps as they
// are written; nothing of them is checked.
func (si *SignerInfo) ArchiveTokens() [][]byte {
	var out [][]byte
	for _, a := range si.UnsignedAttributes {
		if a.Type.Equal(oidArchiveTimestamp) {
			out = append(out, a.Values...)
		}
	}
	return out
}

// ArchiveImprint returns what an archive time-stamp token of the signer must be
// over, if everything that its index names is there. digest is that of the
// content with the hash of the token's own imprint. The error wraps ErrArchive.
//
// What stands in the SignedData but not in the index was added later and is not
// covered.
func (sd *SignedData) ArchiveImprint(signer int, token, digest []byte) ([]byte, error) {
	index, err := hashIndex(token)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(sd.Signers) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNoSigner, signer+1, len(sd.Signers))
	}
	si := sd.Signers[signer]
	in := cryptobyte.String(index)
	var sequence, algorithm cryptobyte.String
	if !in.ReadASN1(&sequence, tagSequence) || !in.Empty() || !sequence.ReadASN1Element(&algorithm, tagSequence) {
		return nil, fmt.Errorf("%w: index", ErrArchive)
	}
	a, ok := readAlgorithm(algorithm)
	family, known := pki.FamilyOfDigest(a.oid)
	if !ok || !a.plain || !known {
		return nil, fmt.Errorf("%w: hash %v of the index", ErrArchive, a.oid)
	}
	h := family.NewHash()
	for _, part := range []struct {
		what string
		have [][]byte
	}{
		{"certificates", sd.parts.certificates},
		{"revocation data", slices.Concat(sd.CRLs, sd.OtherRevocation)},
		{"unsigned attributes", si.attributeValues()},
	} {
		have := map[string]bool{}
		for _, e := range part.have {
			have[string(sumOf(h, e))] = true
		}
		var list cryptobyte.String
		if !sequence.ReadASN1(&list, tagSequence) {
			return nil, fmt.Errorf("%w: index", ErrArchive)
		}
		for !list.Empty() {
			var sum cryptobyte.String
			if !list.ReadASN1(&sum, tagOctets) {
				return nil, fmt.Errorf("%w: index", ErrArchive)
			}
			if !have[string(sum)] {
				return nil, fmt.Errorf("%w: some of the %s it covers are not there", ErrArchive, part.what)
			}
		}
	}
	if !sequence.Empty() {
		return nil, fmt.Errorf("%w: index", ErrArchive)
	}
	return sd.archiveImprint(si, digest, index)
}

// hashIndex finds the index in the unsigned attributes of a token: exactly one,
// with one value.
func hashIndex(token []byte) ([]byte, error) {
	t, err := Parse(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	if len(t.Signers) != 1 {
		return nil, fmt.Errorf("%w: token with %d signers", ErrArchive, len(t.Signers))
	}
	var index []byte
	for _, a := range t.Signers[0].UnsignedAttributes {
		if !a.Type.Equal(oidHashIndex) {
			continue
		}
		if index != nil || len(a.Values) != 1 {
			return nil, fmt.Errorf("%w: more than one index", ErrArchive)
		}
		index = a.Values[0]
	}
	if index == nil {
		return nil, fmt.Errorf("%w: no index of hashes", ErrArchive)
	}
	return bytes.Clone(index), nil
}
