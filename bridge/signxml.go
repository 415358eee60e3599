package bridge

import (
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
	signed, err := c.sign(q, len(documents), func(k keystore.Key) (func(int) ([]byte, error), error) {
		signer, err := xmldsig.NewSigner(k, k.Certificate())
		if err != nil {
			return nil, err
		}
		// What came as a JSON string is Unicode, whatever its declaration says;
		// octets of another encoding are refused for not being UTF-8.
		options := xmldsig.Options{Compact: op.Compact, Element: op.TBS, Parent: op.Parent, Text: true}
		return func(i int) ([]byte, error) { return signer.Sign(documents[i], options) }, nil
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
