//go:build !linux

package prompt

import (
	"context"
	"errors"
)

// newKDEMeter: kdialog is a tool of Linux.
func newKDEMeter(context.Context, *tool, dialog, int) (meter, error) {
	return nil, errors.ErrUnsupported
}
