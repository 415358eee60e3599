//go:build !linux && !windows && !darwin

package notify

func platform() (Notifier, error) { return nil, ErrUnsupported }
