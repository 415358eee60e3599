//go:build !windows

package install

import "errors"

func aside(string) error { return errors.ErrUnsupported }
