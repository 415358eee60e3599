package cms

import (
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// AddTimestamp returns an existing SignedData in which the signer of that index
// carries one more RFC 3161 token as an unsigned attribute (CAdES-T). All that
// is signed stays octet for octet. The token is taken as it is: whoever asked
// for it has checked it.
func AddTimestamp(existing []byte, signer int, token []byte) ([]byte, error) {
	sd, err := Parse(existing)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(sd.Signers) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNoSigner, signer+1, len(sd.Signers))
	}
	if t, err := Parse(token); err != nil || len(t.Signers) == 0 {
		return nil, fmt.Errorf("cms: timestamp token: %w", ErrNotSignedData)
	}
	attribute := element(tagSequence, mustOID(oidTimestampToken), element(tagSet, token))

	si := sd.Signers[signer]
	attributes := [][]byte{attribute}
	for _, a := range si.UnsignedAttributes {
		attributes = append(attributes, a.Raw)
	}
	in := cryptobyte.String(si.Raw)
	var content cryptobyte.String
	if !in.ReadASN1(&content, tagSequence) {
		return nil, fmt.Errorf("%w: SignerInfo", ErrNotSignedData)
	}
	fields, err := elements(content, 7)
	if err != nil {
		return nil, err
	}
	if fields[len(fields)-1][0] == tagContext1 {
		fields = fields[:len(fields)-1]
	}
	fields = append(fields, element(tagContext1, sortedSet(attributes)...))

	p := sd.parts
	p.signers = slices.Clone(p.signers)
	p.signers[signer] = element(tagSequence, fields...)
	return p.encode(), nil
}
