package bridge

import (
	"context"
	"crypto"
	"errors"
	"io"

	"tanba/bridge/consent"
	"tanba/internal/xmldsig"
	"tanba/keystore"
	"tanba/protocol"
)

// signXML makes one XML signature per document. The family has checked that the
// documents are well-formed before anybody is asked.
func (c *session) signXML(call *protocol.Call, op protocol.SignXML) (protocol.Result, error) {
	q, err := c.question(call, op.Select, op.Presentation)
	if err != nil {
		return nil, err
	}
	documents := make([][]byte, len(op.Documents))
	for i, d := range op.Documents {
		documents[i] = []byte(d)
	}
	if q.Documents, q.Bytes, err = c.views(documents, false); err != nil {
		return nil, err
	}
	for i := range q.Documents {
		consent.Part(&q.Documents[i], op.TBS)
	}
	q.Total = len(documents)
	signed, err := c.granted(q, len(documents), func(k keystore.Key) (job, error) {
		signer, err := xmldsig.NewSigner(k, k.Certificate())
		if err != nil {
			return job{}, err
		}
		reader, err := xmldsig.NewSigner(unsigning{k.Public()}, k.Certificate())
		if err != nil {
			return job{}, err
		}
		// What came as a JSON string is Unicode, whatever its declaration says;
		// octets of another encoding are refused for not being UTF-8.
		options := xmldsig.Options{Compact: op.Compact, Element: op.TBS, Parent: op.Parent, Text: true}
		values := make([][]byte, len(documents))
		return job{
			workers: c.s.o.Workers, group: 1,
			signed: protocol.Signatures{Values: values, Certificate: k.Certificate().Raw},
			work: func(_ context.Context, i, _ int) (err error) {
				values[i], err = signer.Sign(documents[i], options)
				return err
			},
			check: func(i int) error {
				if _, err := reader.Sign(documents[i], options); !errors.Is(err, errUnsigned) {
					return err
				}
				return nil
			},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	out := make(protocol.XMLDocuments, len(signed.Values))
	for i, v := range signed.Values {
		out[i] = string(v)
	}
	return out, nil
}

var errUnsigned = errors.New("bridge: everything but the signature")

// unsigning is a key that makes no signatures: with it a document is read and put
// in order up to the signature, which tells whether it can be signed.
type unsigning struct{ public crypto.PublicKey }

func (u unsigning) Public() crypto.PublicKey { return u.public }
func (unsigning) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errUnsigned
}
