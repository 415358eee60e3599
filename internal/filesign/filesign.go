// Package filesign signs files into CMS containers beside them, or XML documents
// into signed copies: one file, or a hundred thousand with one key.
//
// # Promises
//
// It never overwrites. A result is written where no name shows it, synced, and
// then given its name only if that name is free; a crash, a kill or a power cut
// leaves either no result or a whole one, and what another run writes meanwhile
// stays. On Linux nothing is left behind at all; elsewhere a kill may leave a
// hidden file that is nobody's input.
//
// It can be repeated. A file whose signature is there and good (over this
// content, of the kind asked for, by this certificate, with a time stamp if one
// is asked for, and nobody else's in it bad) is reported as Already and not
// signed again. Anything else under the name is ErrExists.
//
// Memory does not depend on the size of a file, except for XML, which is read
// whole. A file that changes while it is read is ErrChanged and gets no
// signature; one for which there is no time stamp is ErrStamp and gets none
// either.
//
// # Steps
//
// [Expand] turns files, folders and patterns into a list; [Job.Collisions] says
// before anything is written which of them would get the same output; [Batch]
// signs the list with all cores and reports in its order.
package filesign

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"tanba/internal/cms"
)

var (
	// ErrExists: the output name is taken, and not by a good signature of the file.
	ErrExists = errors.New("filesign: output exists")
	// ErrNotRegular: the input is a device or the like.
	ErrNotRegular = errors.New("filesign: not a regular file")
	// ErrNoMatch: no file fits the pattern.
	ErrNoMatch = errors.New("filesign: nothing matches")
	// ErrChanged: the file was changed while it was read.
	ErrChanged = errors.New("filesign: changed while being signed")
	// ErrNotReached: the run was stopped before this file.
	ErrNotReached = errors.New("filesign: not reached")
)

// Job says how files are signed: by Signer into CMS, or by XML into the document
// itself.
type Job struct {
	Signer   *cms.Signer
	XML      *XML
	Detached bool
	OutDir   string // "" = beside the input
	Out      string // exact output, for a single input
	Now      func() time.Time
	// Stamp gives a detached CMS signature its time stamp (CAdES-T), or an error
	// with which the file fails; nil = none is wanted. It may be called by many
	// goroutines at once.
	Stamp func(signature []byte) ([]byte, error)

	read atomic.Int64 // octets read of inputs, for those who watch
}

// Result is what became of one file.
type Result struct {
	File    File
	Output  string
	Already bool  // the signature was there and is good
	Err     error // wraps one of the errors of this package or the cause
}

// Output returns the name of the signature of a file: NAME.cms attached,
// NAME.p7s detached, NAME.signed.xml for XML.
func (j *Job) Output(f File) string {
	if j.Out != "" {
		return j.Out
	}
	ext := ".cms"
	switch {
	case j.XML != nil:
		ext = ".signed.xml"
	case j.Detached:
		ext = ".p7s"
	}
	if j.OutDir != "" {
		return filepath.Join(j.OutDir, f.Name+ext)
	}
	return f.Path + ext
}

// Sign signs one file.
func (j *Job) Sign(f File) Result {
	r := Result{File: f, Output: j.Output(f), Err: f.Err}
	if r.Err == nil {
		r.Already, r.Err = j.sign(f.Path, r.Output)
	}
	return r
}

func (j *Job) sign(input, output string) (already bool, err error) {
	in, before, err := openRegular(input)
	if err != nil {
		return false, err
	}
	defer in.Close()
	taken := fmt.Errorf("%w: %s", ErrExists, output)
	if _, err := os.Lstat(output); err == nil {
		if j.present(in, output) {
			return true, nil
		}
		return false, taken
	}
	if j.OutDir != "" {
		if err := os.MkdirAll(filepath.Dir(output), 0o777); err != nil {
			return false, err
		}
	}
	// Who may not read a file may not read its content in a signature either.
	out, err := create(output, before.Mode().Perm()&0o666|0o600)
	if err != nil {
		return false, err
	}
	defer out.discard()
	if err := j.write(out.file, in, before.Size()); err != nil {
		return false, fmt.Errorf("%s: %w", input, err)
	}
	if after, err := in.Stat(); err != nil {
		return false, err
	} else if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return false, fmt.Errorf("%w: %s", ErrChanged, input)
	}
	err = out.publish(output)
	if errors.Is(err, fs.ErrExist) {
		// Another run was faster, perhaps with the same work.
		if _, err := in.Seek(0, io.SeekStart); err == nil && j.present(in, output) {
			return true, nil
		}
		return false, taken
	}
	return false, err
}

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}

// write signs what in holds into out, and a small file with a single write.
func (j *Job) write(out io.Writer, file io.ReadSeeker, size int64) error {
	o := cms.Options{Detached: j.Detached, Time: j.Now()}
	in := &counter{file, &j.read}
	switch {
	case j.XML != nil:
		return j.XML.write(out, in, size)
	case j.Stamp != nil:
		return j.writeStamped(out, file, size, o)
	}
	if j.Detached {
		signature, err := j.Signer.SignReader(in, o)
		if err == nil {
			_, err = out.Write(signature)
		}
		return err
	}
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(out)
	defer w.Reset(nil)
	err := j.Signer.SignTo(w, in, size, o)
	if errors.Is(err, cms.ErrContentLength) {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return errors.Join(err, w.Flush())
}

type counter struct {
	io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// openRegular opens a file, and never waits for one that is a pipe or a device.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	refuse := func(fi fs.FileInfo, err error) error {
		if err == nil && !fi.Mode().IsRegular() {
			err = fmt.Errorf("%w: %s", ErrNotRegular, path)
		}
		return err
	}
	if err := refuse(os.Stat(path)); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err := refuse(fi, err); err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}
