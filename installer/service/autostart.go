package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// autostart is an entry of the XDG Desktop Application Autostart Specification.
// The desktop starts the program at login and then leaves it alone.
type autostart struct{ o *Options }

func (a *autostart) entries() []Entry {
	path := filepath.Join(a.o.Home, ".config", "autostart", Name+".desktop")
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		path = filepath.Join(dir, "autostart", Name+".desktop")
	}
	if a.o.Machine {
		path = "/etc/xdg/autostart/" + Name + ".desktop"
	}
	return []Entry{{Path: path, Text: Desktop(a.o.Program, a.o.Args...)}}
}

func (a *autostart) packaged() string {
	const path = "/etc/xdg/autostart/" + Name + ".desktop"
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return ""
}

func (a *autostart) install(context.Context) error {
	e := a.entries()[0]
	err := os.MkdirAll(filepath.Dir(e.Path), 0o755)
	if err == nil {
		err = os.WriteFile(e.Path, []byte(e.Text), 0o644)
	}
	return a.error(err)
}

func (a *autostart) remove(context.Context) error {
	err := os.Remove(a.entries()[0].Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return a.error(err)
}

func (a *autostart) error(err error) error {
	switch {
	case err == nil:
		return nil
	case a.o.Machine && errors.Is(err, fs.ErrPermission):
		return ErrNeedAdmin
	}
	return fmt.Errorf("service: %w", err)
}

func (a *autostart) start(ctx context.Context) error { return spawn(ctx, a.o) }
func (a *autostart) stop(ctx context.Context) error  { return Terminate(ctx, a.o.State) }
func (a *autostart) running(context.Context) (bool, error) {
	_, up := Find(a.o.State)
	return up, nil
}
