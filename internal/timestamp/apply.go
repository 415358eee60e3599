package timestamp

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"tanba/internal/cms"
	"tanba/internal/pki"
)

// StampError says that there is no token for a signer, and wraps the Stamper's
// error.
type StampError struct {
	Signer int // counted from 1
	Err    error
}

func (e *StampError) Error() string { return fmt.Sprintf("signer %d: %v", e.Signer, e.Err) }

func (e *StampError) Unwrap() error { return e.Err }

// Add returns the SignedData with a token for every signer that had none: CAdES-T
// out of CAdES-BES. What was there stays octet for octet. The signatures are not
// judged, and signers keep the tokens they have.
func Add(ctx context.Context, s Stamper, signed []byte) ([]byte, error) {
	return add(ctx, s, signed, func(si *cms.SignerInfo) bool { return si.TimestampToken() == nil })
}

// AddToNew returns the SignedData with a token for every signer that was not in
// before, the SignedData it was made of; nil if it was made of nothing.
func AddToNew(ctx context.Context, s Stamper, signed, before []byte) ([]byte, error) {
	var old []*cms.SignerInfo
	if before != nil {
		sd, err := cms.Parse(before)
		if err != nil {
			return nil, err
		}
		old = sd.Signers
	}
	return add(ctx, s, signed, func(si *cms.SignerInfo) bool {
		return !slices.ContainsFunc(old, func(o *cms.SignerInfo) bool { return bytes.Equal(o.Raw, si.Raw) })
	})
}

func add(ctx context.Context, s Stamper, signed []byte, lacks func(*cms.SignerInfo) bool) ([]byte, error) {
	sd, err := cms.Parse(signed)
	if err != nil {
		return nil, err
	}
	if len(sd.Signers) == 0 {
		return nil, cms.ErrNoSigner
	}
	for i, si := range sd.Signers {
		if !lacks(si) {
			continue
		}
		family, ok := pki.FamilyOfSignature(si.SignatureAlgorithm)
		if !ok {
			return nil, fmt.Errorf("signer %d: %w: %v", i+1, cms.ErrAlgorithm, si.SignatureAlgorithm)
		}
		token, err := s.Stamp(ctx, family, si.Signature)
		if err != nil {
			return nil, &StampError{Signer: i + 1, Err: err}
		}
		if signed, err = attach(signed, si, token); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

// attach puts the token to the signer. The signers are kept in DER order, so one
// that has grown by a token may stand elsewhere than before.
func attach(signed []byte, signer *cms.SignerInfo, token []byte) ([]byte, error) {
	sd, err := cms.Parse(signed)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(sd.Signers, func(si *cms.SignerInfo) bool { return bytes.Equal(si.Raw, signer.Raw) })
	return cms.AddTimestamp(signed, i, token) // -1 is refused there
}
