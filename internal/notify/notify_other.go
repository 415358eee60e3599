//go:build !linux

package notify

func platform() (Notifier, error) { return nil, ErrUnsupported }
