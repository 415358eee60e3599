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
	"strings"
)

// machineUnit is one unit for everybody who logs in. kardianos knows either
// units of a person or services of the machine, neither of which this is.
type machineUnit struct{ o *Options }

func (m *machineUnit) entries() []Entry {
	if runtime.GOOS == "darwin" {
		return []Entry{{Path: "/Library/LaunchAgents/" + label() + ".plist", Text: plist(m.o.Program, m.o.Args)}}
	}
	const dir = "/etc/systemd/user/"
	return []Entry{
		{Path: dir + Name + ".service", Text: Unit(m.o.Program, m.o.Args...)},
		{Path: dir + "graphical-session.target.wants/" + Name + ".service", Link: dir + Name + ".service"},
		{Path: dir + "default.target.wants/" + Name + ".service", Link: dir + Name + ".service"},
	}
}

func (m *machineUnit) packaged() string { return "" }

func (m *machineUnit) install(context.Context) error {
	if os.Geteuid() != 0 {
		return ErrNeedAdmin
	}
	for _, e := range m.entries() {
		if err := make1(e); err != nil {
			return err
		}
	}
	return nil
}

// make1 makes an entry that is a file or a link. Links are made by hand: what
// `systemctl --global enable` would do, also where no systemd runs.
func make1(e Entry) error {
	if err := os.MkdirAll(filepath.Dir(e.Path), 0o755); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if e.Link != "" {
		if err := os.Symlink(e.Link, e.Path); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("service: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(e.Path, []byte(e.Text), 0o644); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return nil
}

func (m *machineUnit) remove(context.Context) error {
	for _, e := range m.entries() {
		if err := os.Remove(e.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			if errors.Is(err, fs.ErrPermission) {
				return ErrNeedAdmin
			}
			return fmt.Errorf("service: %w", err)
		}
	}
	return nil
}

// The agents belong to the people who are logged in; an administrator starts
// and stops his own.
func (m *machineUnit) start(ctx context.Context) error {
	return m.own().start(ctx)
}
func (m *machineUnit) stop(ctx context.Context) error { return m.own().stop(ctx) }

func (m *machineUnit) running(ctx context.Context) (bool, error) { return m.own().running(ctx) }

func (m *machineUnit) own() *userUnit {
	o := *m.o
	o.Machine = false
	return &userUnit{&o}
}

// plist renders plistTemplate as kardianos does.
func plist(program string, args []string) string {
	escape := strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;").Replace
	var list strings.Builder
	for _, a := range args {
		list.WriteString("\t\t<string>" + escape(a) + "</string>\n")
	}
	return strings.NewReplacer(
		"{{Name | html}}", escape(label()),
		"{{Path | html}}", escape(program),
		"{{range Arguments}}\t\t<string>{{. | html}}</string>\n{{end}}", list.String(),
	).Replace(plistTemplate)
}
