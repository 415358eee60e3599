package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const program = "/usr/bin/osascript"

func platform() (Notifier, error) {
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return script{}, nil
}

// script lets the system's own program show a note.
type script struct{}

func (script) Show(ctx context.Context, n Note, _ uint32) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := exec.CommandContext(ctx, program, scriptArguments(n)...).Run(); err != nil {
		return 0, errors.Join(ErrUnsupported, fmt.Errorf("notify: %w", err))
	}
	return 0, nil
}

func (script) Withdraw(context.Context, uint32) error { return nil }
