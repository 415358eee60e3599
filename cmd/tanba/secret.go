package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

var errNoTerminal = errors.New("no terminal to ask for the password")

// password reads a secret from --password-file ("-" is standard input) or, when
// that is empty, from the terminal without echo. The caller clears it.
func (c *command) password(file, prompt string) ([]byte, error) {
	switch file {
	case "":
		return c.askPassword(prompt)
	case "-":
		return firstLine(c.stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return firstLine(f)
}

// firstLine reads up to the first line end; a password file made with an editor
// ends with one that is not part of the password.
func firstLine(r io.Reader) ([]byte, error) {
	buf := make([]byte, 1024)
	n, err := io.ReadFull(r, buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		clear(buf)
		return nil, err
	}
	if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
		n = i
	}
	if n > 0 && buf[n-1] == '\r' {
		n--
	}
	secret := bytes.Clone(buf[:n])
	clear(buf)
	return secret, nil
}

func (c *command) askPassword(prompt string) ([]byte, error) {
	tty := c.stdin
	if !term.IsTerminal(int(tty.Fd())) {
		return nil, errNoTerminal
	}
	fmt.Fprintf(c.stderr, "%s: ", prompt)
	secret, err := term.ReadPassword(int(tty.Fd()))
	fmt.Fprintln(c.stderr)
	return secret, err
}
