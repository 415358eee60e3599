package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"tanba/internal/timestamp"
	"tanba/internal/verification"
)

// upgradeStamper is what --upgrade needs of a time-stamping authority.
type upgradeStamper = timestamp.Stamper

// maxUpgrade is the largest signature or content that is carried on: both are
// read into memory.
const maxUpgrade = 512 << 20

// carry makes a good signature last: --upgrade.
func (v *verifying) carry(in *input, r *verification.Report) int {
	failed := func(reason string) int {
		v.fail("verify.upgrade_failed", printable(in.file), v.upgrade, reason)
		return exitError
	}
	data, err := again(in.signature, in.size)
	switch {
	case err != nil:
		return failed(v.text("verify.upgrade_large"))
	case verification.IsXML(data):
		return failed(v.text("verify.upgrade_xml"))
	}
	u := verification.Upgrade{Level: v.upgrade}
	if u.Stamper, err = v.stamper(); err != nil {
		return v.usageError("--tsa URL")
	}
	if r.Detached {
		if u.Content, err = again(in.content, in.length); err != nil {
			return failed(v.text("verify.upgrade_large"))
		}
	}
	carried, err := v.verifier.Upgrade(context.Background(), data, u)
	var stamp *timestamp.StampError
	switch {
	case errors.As(err, &stamp):
		_, reason := v.stampReason(err)
		return failed(reason)
	case err != nil:
		return failed(printable(err.Error()))
	}
	if !v.write(v.out, func(w io.Writer) error { _, err := w.Write(carried); return err }) {
		return exitError
	}
	v.say("verify.upgraded", printable(in.file), v.upgrade, printable(v.out))
	return exitOK
}

// again reads a file from its beginning.
func again(f *os.File, size int64) ([]byte, error) {
	if size > maxUpgrade {
		return nil, errors.New("too large")
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}

// write makes a new file; one that is there is not replaced, and half a file is
// not left behind.
func (v *verifying) write(path string, content func(io.Writer) error) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		v.fail("verify.output_exists", printable(path))
		return false
	}
	if err == nil {
		if err = errors.Join(content(f), f.Close()); err != nil {
			os.Remove(path)
		}
	}
	if err != nil {
		v.fail("verify.output_failed", printable(path), err)
		return false
	}
	return true
}
