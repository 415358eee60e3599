//go:build !windows

package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	kardianos "github.com/kardianos/service"
)

// noProgram stands in for the program kardianos could run by itself. The unit
// runs `tanba serve`, which knows nothing of services.
type noProgram struct{}

func (noProgram) Start(kardianos.Service) error { return nil }
func (noProgram) Stop(kardianos.Service) error  { return nil }

// supervised is the backend of systemd or of launchd.
func supervised(o *Options) backend {
	if o.Machine {
		return &machineUnit{o}
	}
	return &userUnit{o}
}

// userUnit is the person's own unit, made by kardianos.
type userUnit struct{ o *Options }

func label() string {
	if runtime.GOOS == "darwin" {
		return "kz.tanba"
	}
	return Name
}

func (u *userUnit) kardianos() (kardianos.Service, error) {
	config := &kardianos.Config{
		Name: label(), DisplayName: "Tanba", Description: Description,
		Executable: u.o.Program, Arguments: u.o.Args,
		Option: kardianos.KeyValue{"UserService": true, "SystemdScript": unitTemplate, "LaunchdConfig": plistTemplate},
	}
	if runtime.GOOS != "darwin" {
		config.Executable = unitEscape(u.o.Program)
		config.Arguments = nil
		for _, a := range u.o.Args {
			config.Arguments = append(config.Arguments, unitEscape(a))
		}
	}
	want := "linux-systemd"
	if runtime.GOOS == "darwin" {
		want = "darwin-launchd"
	}
	for _, system := range kardianos.AvailableSystems() {
		if system.String() == want {
			return system.New(noProgram{}, config)
		}
	}
	return nil, fmt.Errorf("service: no %s here", want)
}

func (u *userUnit) entries() []Entry {
	if runtime.GOOS == "darwin" {
		return []Entry{{Path: filepath.Join(u.o.Home, "Library", "LaunchAgents", label()+".plist"), Text: plist(u.o.Program, u.o.Args)}}
	}
	dir := filepath.Join(u.o.Home, ".config", "systemd", "user")
	unit := filepath.Join(dir, Name+".service")
	return []Entry{
		{Path: unit, Text: Unit(u.o.Program, u.o.Args...)},
		{Path: filepath.Join(dir, "graphical-session.target.wants", Name+".service"), Link: unit},
		{Path: filepath.Join(dir, "default.target.wants", Name+".service"), Link: unit},
	}
}

func (u *userUnit) packaged() string {
	if runtime.GOOS == "darwin" {
		return presentFile("/Library/LaunchAgents/" + label() + ".plist")
	}
	return presentFile("/etc/systemd/user/"+Name+".service", "/usr/local/lib/systemd/user/"+Name+".service",
		"/usr/lib/systemd/user/"+Name+".service", "/lib/systemd/user/"+Name+".service")
}

func presentFile(paths ...string) string {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

func (u *userUnit) install(context.Context) error {
	s, err := u.kardianos()
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return nil
}

// remove asks kardianos, which gives up at the first thing that is amiss, and
// then makes sure.
func (u *userUnit) remove(ctx context.Context) error {
	s, err := u.kardianos()
	if err != nil {
		return err
	}
	// What is missing was never made; the files are looked at below.
	_ = s.Uninstall()
	for _, e := range u.entries() {
		if err := os.Remove(e.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("service: %w", err)
		}
	}
	if runtime.GOOS != "darwin" {
		// A manager that is not there has nothing to forget.
		_, _ = u.o.Run(ctx, "systemctl", "--user", "daemon-reload")
		_, _ = u.o.Run(ctx, "systemctl", "--user", "reset-failed", Name+".service")
	}
	return nil
}

func (u *userUnit) start(context.Context) error {
	s, err := u.kardianos()
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return nil
}

func (u *userUnit) stop(ctx context.Context) error {
	if up, err := u.running(ctx); err != nil || !up {
		return errors.Join(err, ErrNotRunning)
	}
	s, err := u.kardianos()
	if err != nil {
		return err
	}
	if err := s.Stop(); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return nil
}

// running is true while the agent starts, too. The state "failed" is not an
// error here: the agent does not run.
func (u *userUnit) running(context.Context) (bool, error) {
	s, err := u.kardianos()
	if err != nil {
		return false, err
	}
	status, err := s.Status()
	return err == nil && status == kardianos.StatusRunning, nil
}
