package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

// noFile says why a file cannot be verified at all.
func (c *command) noFile(err error) string {
	switch {
	case errors.Is(err, fs.ErrInvalid):
		return c.text("cli.not_a_file")
	case errors.Is(err, fs.ErrPermission):
		return c.text("cli.not_readable")
	}
	return c.text("cli.no_file")
}

// noSignature says what a file is instead of a signature, where people often give
// one for the other.
func (c *command) noSignature(f io.ReaderAt) string {
	head := make([]byte, 5)
	n, _ := f.ReadAt(head, 0)
	switch head = head[:n]; {
	case n == 0:
		return c.text("cli.not_a_signature_empty")
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return c.text("cli.not_a_signature_pdf")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return c.text("cli.not_a_signature_zip")
	}
	return c.text("cli.not_a_signature")
}
