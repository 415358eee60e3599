package bridge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/prompt"
	"tanba/internal/timestamp"
	"tanba/keystore"
	"tanba/protocol"
)

// dispatch carries an operation out. Its errors are those of package protocol,
// or others that no page gets to see.
func (c *session) dispatch(call *protocol.Call) (protocol.Result, error) {
	if c.ctx.Err() != nil {
		return nil, protocol.ErrCancelled // the bridge is stopping
	}
	switch op := call.Op.(type) {
	case protocol.ActiveTokens:
		return c.activeTokens(), nil
	case protocol.SetLocale:
		c.setLocale(op.Locale)
		return nil, nil
	case protocol.OpenWindow:
		c.s.o.Log.Info("window asked for", "window", printable(op.Window), "origin", c.origin.raw)
		return nil, nil
	case protocol.PickFile:
		return c.pickFile(call, op)
	case protocol.ShowKey:
		return c.showKey(call, op)
	case protocol.SignCMS:
		if op.Timestamp && c.s.o.Stamper == nil {
			return nil, protocol.ErrNotSupported
		}
		return c.signCMS(call, op)
	case protocol.SignXML:
		if op.Timestamp {
			return nil, protocol.ErrNotSupported // XAdES-T
		}
		return c.signXML(call, op)
	case protocol.SignRaw:
		return c.signRaw(call, op)
	case protocol.SignFile:
		if op.Timestamp && c.s.o.Stamper == nil {
			return nil, protocol.ErrNotSupported
		}
		return c.signFile(call, op)
	case protocol.MakeCSR:
		return c.makeCSR(call, op)
	case protocol.ImportCertificate:
		return c.importCertificate(call, op)
	case protocol.ApplyTimestamp:
		if c.s.o.Stamper == nil {
			return nil, protocol.ErrNotSupported
		}
		return c.applyTimestamp(op)
	}
	return nil, protocol.ErrNotSupported
}

// setLocale keeps the language for later windows of this connection.
func (c *session) setLocale(locale string) {
	switch locale {
	case "":
		c.locale = "ru" // the original's default
	case "kk", "ru", "en":
		c.locale = locale
	}
}

// commonUtils answers a token storage without a token before any window
// (protocol.md §5.1 step 4; who gets that answer: active.go); the other families
// show their window, and the person sees there that a token is missing.
const commonUtils = "kz.gov.pki.knca.commonUtils"

// question begins a question, or tells that there is no point in asking.
func (c *session) question(call *protocol.Call, sel protocol.Selection, p protocol.Presentation) (*consent.Question, error) {
	sel.Storages = c.admitted(sel.Storages)
	if call.Module == commonUtils && c.absent(sel.Storages) {
		return nil, protocol.ErrNoDevice
	}
	c.s.curious.busy(c)
	locale := p.Locale
	if locale == "" {
		locale = c.locale
	}
	return &consent.Question{
		Asker: c.who(), Operation: operationName(call), Select: sel, Locale: locale, Logo: slices.Clone(p.Logo),
		Login: sel.Use == protocol.Authentication,
	}, nil
}

func operationName(call *protocol.Call) string {
	if methodName(call) == "?" {
		return ""
	}
	return call.Method
}

func (c *session) pickFile(call *protocol.Call, op protocol.PickFile) (protocol.Result, error) {
	q := &consent.Question{
		Asker: c.who(), Purpose: prompt.PickFile, Operation: operationName(call), Locale: c.locale, Pick: &op,
	}
	g, err := c.s.o.Desk.Ask(c.ctx, q)
	if err != nil {
		return nil, err
	}
	path := g.Path
	g.Close("")
	return protocol.Path(path), nil
}

func (c *session) showKey(call *protocol.Call, op protocol.ShowKey) (protocol.Result, error) {
	q, err := c.question(call, op.Select, op.Presentation)
	if err != nil {
		return nil, err
	}
	q.Purpose = prompt.ShowKey
	g, err := c.s.o.Desk.Ask(c.ctx, q)
	if err != nil {
		return nil, err
	}
	info, err := keyInfo(g.Key)
	g.Close(failure(err))
	if err != nil {
		return nil, err
	}
	return info, nil
}

// keyInfo describes a certificate as getKeyInfo does (protocol.md §5.3).
func keyInfo(k keystore.Key) (protocol.KeyInfo, error) {
	cert := k.Certificate()
	if cert == nil {
		return protocol.KeyInfo{}, errors.New("bridge: key without certificate")
	}
	id := cert.SubjectKeyID
	if len(id) == 0 {
		id = cert.PublicKey.KeyID()
	}
	info := protocol.KeyInfo{
		Alias: k.Alias(), KeyID: hex.EncodeToString(id), Algorithm: cert.PublicKey.Family.KalkanName(),
		SubjectCN: cert.Subject.CommonName(), SubjectDN: cert.Subject.String(),
		IssuerCN: cert.Issuer.CommonName(), IssuerDN: cert.Issuer.String(),
		SerialNumber: cert.SerialHex(),
		NotBefore:    milliseconds(cert.NotBefore), NotAfter: milliseconds(cert.NotAfter),
		AuthorityKeyIdentifier: hex.EncodeToString(cert.AuthorityKeyID),
		PEM:                    platformLines(cert.PEM()),
	}
	if info.Alias == "" {
		info.Alias = info.KeyID
	}
	return info, nil
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// failure is what the window is told about an error.
func failure(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errStopped):
		return prompt.FailedStopped
	case errors.Is(err, errRevoked):
		return failedRevoked
	case errors.Is(err, errRevocationUnknown):
		return failedRevocationUnknown
	case errors.Is(err, protocol.ErrFileNotFound):
		return prompt.FailedFile
	case errors.Is(err, protocol.ErrCancelled), errors.Is(err, context.Canceled):
		return prompt.FailedConnection
	case errors.Is(err, protocol.ErrTimestamp):
		return prompt.FailedTimestamp
	case errors.As(err, new(*timestamp.StampError)):
		return prompt.FailedTimestampAnswer
	case ofToken(err):
		return prompt.FailedToken
	case ofDocument(err) != "":
		return ofDocument(err)
	}
	return prompt.FailedSigning
}

// textShown bounds the text that the views of one request hold together.
const textShown = 16 << 20

// views describes the documents for the window: each with size and digest, as
// many as fit with their text.
func (c *session) views(documents [][]byte, digests bool) ([]prompt.Document, int64, error) {
	views := make([]prompt.Document, len(documents))
	var size, shown atomic.Int64
	j := job{workers: c.s.o.Workers, group: 1, work: func(_ context.Context, i, _ int) error {
		d := documents[i]
		size.Add(int64(len(d)))
		if digests {
			views[i] = consent.DescribeDigest("", d)
			return nil
		}
		if shown.Load() >= textShown {
			views[i] = consent.DescribeBriefly("", d)
			views[i].Data = d
			return nil
		}
		v := consent.Describe("", d)
		if shown.Add(int64(len(v.Text)+len(v.Source))) > textShown && v.Text != "" {
			v.Text, v.Source, v.Cut = "", "", true
		}
		v.Data = d
		views[i] = v
		return nil
	}}
	_, err := c.batch(c.ctx, len(documents), j, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", protocol.ErrCancelled, err)
	}
	return views, size.Load(), nil
}
