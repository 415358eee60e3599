//go:build !linux && !windows && !darwin

package keychain

import "context"

func read(context.Context, string) ([]byte, error) { return nil, ErrUnsupported }
