package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"tanba/internal/enrollment"
)

func changePassword(c *command, args []string) int {
	var passwordFile, newFile string
	var modern bool
	c.flags.StringVar(&passwordFile, "password-file", "", "")
	c.flags.StringVar(&newFile, "new-password-file", "", "")
	c.flags.BoolVar(&modern, "modern", false, "")
	files, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(files) != 1:
		return c.usageError("tanba passwd FILE")
	}
	path := files[0]
	old, fresh, err := c.oldAndNew(path, passwordFile, newFile)
	if err != nil {
		c.failLife(err)
		return exitError
	}
	defer clear(old)
	defer clear(fresh)
	encryption := enrollment.Keep
	if modern {
		encryption = enrollment.Modern
	}
	if err := enrollment.ChangePassword(path, old, fresh, encryption, nil); err != nil {
		c.failLife(err)
		return exitError
	}
	c.say("cli.life.changed", path)
	if modern {
		c.say("cli.life.modern")
	}
	return exitOK
}

// oldAndNew reads both passwords. When both come from standard input, they are
// its first two lines.
func (c *command) oldAndNew(path, oldFile, newFile string) (old, fresh []byte, err error) {
	if oldFile == "-" && newFile == "-" {
		return twoLines(c.stdin)
	}
	if old, err = c.password(oldFile, c.text("cli.password_of", path)); err != nil {
		return nil, nil, err
	}
	if fresh, err = c.newPassword(newFile, path); err != nil {
		clear(old)
		return nil, nil, err
	}
	return old, fresh, nil
}

func twoLines(r io.Reader) (first, second []byte, err error) {
	in := bufio.NewReader(io.LimitReader(r, 4096))
	for _, line := range []*[]byte{&first, &second} {
		text, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		*line = bytes.TrimRight(text, "\r\n")
	}
	if len(second) == 0 {
		clear(first)
		return nil, nil, os.ErrNotExist
	}
	if err := enrollment.CheckPassword(second); err != nil {
		clear(first)
		clear(second)
		return nil, nil, err
	}
	return first, second, nil
}
