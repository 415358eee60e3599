//go:build !linux && !windows && !darwin

package session

import "context"

func watch(context.Context) (<-chan Event, error) { return nil, ErrUnsupported }
