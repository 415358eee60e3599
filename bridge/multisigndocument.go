package bridge

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"syscall"

	"tanba/bridge/prompt"
	"tanba/internal/cms"
)

// document signs the body of one request.
//
// A detached signature needs the digest only: the body is hashed as it comes and
// nothing of it is kept, whatever its size. An attached one holds the content,
// so it would be natural to send the content back while it is still coming in.
// Browsers do not read an answer before they have sent the whole request,
// though: both sides would wait for each other. The content is therefore put
// aside (spool) and sent when all of it is there.
func (m *multisign) document(x *exchange, id string) {
	x.method = "multisign document"
	o := m.find(x, id)
	if o == nil {
		x.refuse(http.StatusUnauthorized, "no such operation")
		return
	}
	switch err := o.enter(x.r.Context()); {
	case errors.Is(err, errCrowded):
		x.refuse(http.StatusTooManyRequests, "one document at a time")
		return
	case err != nil:
		x.refuse(http.StatusUnauthorized, "the operation is over")
		return
	}
	defer o.leave()
	x.patience() // it may have waited for its turn
	defer context.AfterFunc(o.ctx, x.halt)()
	var content io.Reader = x
	if o.base64 {
		content = base64.NewDecoder(base64.StdEncoding, x)
	}
	if o.detached {
		o.signDetached(x, content)
		return
	}
	o.signAttached(x, content)
}

func (o *operation) options() cms.Options {
	return cms.Options{Detached: o.detached, Time: o.m.s.o.Now()}
}

func (o *operation) signDetached(x *exchange, content io.Reader) {
	guard := &contentReader{r: content}
	der, err := o.signer.SignReader(guard, o.options())
	o.answer(x, der, err, guard.err)
}

// contentReader remembers that it was the content that failed, not the key.
type contentReader struct {
	r   io.Reader
	err error
}

func (c *contentReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

func (o *operation) signAttached(x *exchange, content io.Reader) {
	defer o.store.clear()
	if err := o.store.fill(content); err != nil {
		o.answer(x, nil, nil, err)
		return
	}
	if whole, ok := o.store.whole(); ok {
		der, err := o.signer.Sign(whole, o.options())
		o.answer(x, der, err, nil)
		clear(der)
		return
	}
	o.sendAttached(x)
}

// answer sends a signature that is at hand, or says what went wrong.
func (o *operation) answer(x *exchange, der []byte, failed, content error) {
	switch {
	case x.over():
		x.refuse(http.StatusUnauthorized, "the operation is over")
	case content != nil:
		x.refuse(contentStatus(x, content), "the document cannot be taken")
		o.m.s.o.Log.Info("document refused", "origin", o.origin, "reason", content)
	case failed != nil:
		o.m.s.o.Log.Error("signing failed", "error", failed)
		o.finish(prompt.FailedSigning)
		x.refuse(http.StatusInternalServerError, "the key failed")
	case !o.signed():
		x.refuse(http.StatusUnauthorized, "the operation is over")
	case o.base64:
		x.reply(http.StatusOK, "text/plain; charset=utf-8", base64.StdEncoding.AppendEncode(nil, der))
	default:
		x.reply(http.StatusOK, "application/pkcs7-signature", der)
	}
}

func contentStatus(x *exchange, err error) int {
	switch {
	case stalled(x.failed):
		return http.StatusRequestTimeout
	case x.failed != nil: // the connection; nobody is likely to read this
		return http.StatusBadRequest
	case errors.Is(err, errSpoolLimit):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, syscall.ENOSPC):
		return http.StatusInsufficientStorage
	case errors.Is(err, errSpool):
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest // not base64
}

// sendAttached sends a large attached signature piece by piece. The signature
// value is its last piece, so that Stop still keeps it from being made.
func (o *operation) sendAttached(x *exchange) {
	content, err := o.store.reader()
	if err != nil {
		o.answer(x, nil, nil, err)
		return
	}
	var out io.Writer = x
	var encoder io.WriteCloser
	contentType := "application/pkcs7-mime"
	if o.base64 {
		encoder = base64.NewEncoder(base64.StdEncoding, x)
		out, contentType = encoder, "text/plain; charset=utf-8"
	}
	if x.promise(contentType) != nil {
		x.refuse(http.StatusUnauthorized, "the operation is over")
		return
	}
	err = o.signer.SignTo(out, content, o.store.size(), o.options())
	if err == nil && encoder != nil {
		err = encoder.Close()
	}
	switch {
	case err != nil:
		o.m.s.o.Log.Info("attached signature broken off", "origin", o.origin, "error", err)
		x.abort()
	case !o.signed():
		x.abort()
	}
}
