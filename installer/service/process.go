package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"tanba/internal/peer"
	"tanba/internal/state"
)

// processFile says which process is the agent of this state directory.
const processFile = "agent.json"

// Process is a running agent.
type Process struct {
	PID     int       `json:"pid"`
	Port    int       `json:"port"`
	Program string    `json:"program"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
}

// Announce notes the calling process as the agent. forget takes the note away.
func Announce(dir state.Dir, p Process) (forget func(), err error) {
	p.PID = os.Getpid()
	p.Program, _ = os.Executable()
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	if err := dir.Write(append(data, '\n'), processFile); err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	return func() {
		if now, ok := read(dir); ok && now.PID == p.PID {
			_ = dir.Remove(processFile)
		}
	}, nil
}

func read(dir state.Dir) (Process, bool) {
	var p Process
	data, err := dir.Read(processFile)
	return p, err == nil && json.Unmarshal(data, &p) == nil && p.PID > 1
}

// Find returns the agent that runs on this state directory. The note alone
// proves nothing: process ids come round again. The process must hold the port
// the note names, as far as the system can tell who holds one.
func Find(dir state.Dir) (Process, bool) {
	p, ok := read(dir)
	if !ok || !alive(p.PID) {
		return Process{}, false
	}
	holder, err := peer.Listening(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.Port)))
	switch {
	case errors.Is(err, peer.ErrUnsupported):
		return p, true
	case err != nil:
		return Process{}, false
	}
	return p, holder.PID == p.PID
}

// Terminate asks the agent of a state directory to end and waits until it has.
func Terminate(ctx context.Context, dir state.Dir) error {
	p, ok := Find(dir)
	if !ok {
		return ErrNotRunning
	}
	if err := ask(p.PID); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	for alive(p.PID) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("service: the bridge (process %d) does not end: %w", p.PID, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// spawn starts an agent that outlives us, unless one runs, and waits until it
// has opened its port or has ended.
func spawn(ctx context.Context, o *Options) error {
	if _, up := Find(o.State); up {
		return nil
	}
	cmd := exec.Command(o.Program, o.Args...)
	cmd.Dir = o.Home
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if p, up := Find(o.State); up && p.PID == cmd.Process.Pid {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("service: the bridge ended at once: %w", errors.Join(err, ErrNotRunning))
		case <-ctx.Done():
			return fmt.Errorf("service: the bridge does not answer: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
