package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tanba/installer/service"
	"tanba/installer/trust"
)

// Uninstall takes back everything the manifest names, the certificates the
// journal of package trust names, and the state directory. It is
// ErrNotInstalled when there was nothing of it.
func Uninstall(ctx context.Context, o Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	m, err := read(&o)
	if err != nil {
		return err
	}
	found := !m.new
	agent, err := m.uninstallAgent()
	if err != nil {
		return err
	}
	status, err := agent.Status(ctx)
	if err != nil {
		return err
	}
	if status == service.Running {
		found = true
		m.report(StopAgent, string(agent.Backend()))
		if !o.Dry {
			if err := agent.Stop(ctx); err != nil && !errors.Is(err, service.ErrNotRunning) && !errors.Is(err, service.ErrNotInstalled) {
				return err
			}
		}
	}
	trusted, err := m.untrust(ctx)
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(slices.Clone(m.Changes)) {
		if err := m.undo(ctx, c, agent); err != nil {
			return err
		}
		if o.Dry {
			continue
		}
		m.Changes = m.Changes[:len(m.Changes)-1]
		if err := m.write(); err != nil {
			return err
		}
	}
	gone, err := m.removeState()
	if err != nil {
		return err
	}
	if !found && !trusted && !gone {
		return ErrNotInstalled
	}
	return nil
}

// uninstallAgent is the agent as it was installed, not as it would be today.
func (m *manifest) uninstallAgent() (*service.Agent, error) {
	o := *m.o
	program := o.Program
	for _, c := range m.Changes {
		if c.Agent != nil {
			program, o.Backend, o.Args, o.Machine = c.Agent.Program, c.Agent.Backend, c.Agent.Args, c.Agent.Machine
		}
	}
	return o.Agent(program)
}

func (m *manifest) untrust(ctx context.Context) (found bool, err error) {
	if m.o.Machine {
		return false, nil
	}
	to := trust.Options{State: m.o.State, Home: m.o.Home, Run: m.o.Run, At: m.o.At, Now: m.o.Now}
	if found, err = trust.Agreed(to); err != nil || !found {
		return found, err
	}
	if m.o.Dry {
		m.report(RemoveTrust, "")
		return true, nil
	}
	results, err := trust.Remove(ctx, to)
	var failed error
	for _, r := range results {
		m.o.Report(Event{Action: RemoveTrust, Path: r.Path, Trust: &r, Err: r.Err})
		failed = errors.Join(failed, r.Err)
	}
	return true, errors.Join(err, failed)
}

// undo takes one change back. What is not there any more is as it should be.
func (m *manifest) undo(ctx context.Context, c Change, agent *service.Agent) error {
	switch c.Kind {
	case kindAgent:
		for _, e := range agent.Entries() {
			m.report(RemoveAgent, e.Path)
		}
		if m.o.Dry {
			return nil
		}
		m.o.At("remove agent")
		return agent.Remove(ctx)
	case kindFolder:
		return m.removeFolder(c.Path)
	case kindFile, kindProgram, kindPolicy:
		return m.undoFile(c)
	case kindKey, kindValues:
		return m.undoPolicy(c)
	}
	return nil // trust has a journal of its own
}

func (m *manifest) removeFolder(path string) error {
	if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
		return nil // gone, or somebody else's by now
	}
	m.report(RemoveFolder, path)
	if m.o.Dry {
		return nil
	}
	m.o.At("rmdir " + path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

func (m *manifest) undoFile(c Change) error {
	if !m.o.Dry {
		if err := os.Remove(temporary(c.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("install: %w", err)
		}
	}
	data, err := os.ReadFile(c.Path)
	now := ""
	switch {
	case err == nil:
		now = sum(data)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("install: %w", err)
	}
	if c.Link == "" && now == c.Before {
		return nil
	}
	if c.Kind != kindProgram && now != "" && !slices.Contains(c.After, now) {
		if c.Kind == kindPolicy {
			return m.withdraw(c, data)
		}
		m.report(LeftChanged, c.Path)
		return nil
	}
	if c.Before == "" && c.Link == "" {
		m.report(RemoveFile, c.Path)
		if m.o.Dry {
			return nil
		}
		m.o.At("remove " + c.Path)
		return remove(c.Path)
	}
	m.report(RestoreFile, c.Path)
	if m.o.Dry {
		return nil
	}
	m.o.At("restore " + c.Path)
	if c.Link != "" {
		if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("install: %w", err)
		}
		return os.Symlink(c.Link, c.Path)
	}
	old, err := m.o.State.Read(backupFolder, c.Before)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return replace(c.Path, old, c.Mode, m.o.At)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if aside(path) == nil {
			return nil
		}
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

// kept are the files that Options.Keep spares: what a person decided and did.
var kept = []string{"settings.json", "permissions.json", "journal.jsonl", "recent.json"}

// ours are the names Tanba uses in a state directory that may also hold other
// things.
var ours = []string{
	"tls", "trust", "trust.json", backupFolder, File, "settings.json", "permissions.json", "recent.json", "agent.json",
	"journal.jsonl", "profiles", "roots", "renewal", "revocation", "tokens", "spool", "log",
}

// removeState takes the state directory away: all of it when it is Tanba's own
// place or was made by Install, else the names Tanba uses.
func (m *manifest) removeState() (found bool, err error) {
	dir := string(m.o.State)
	// A killed Install may have left the directory on its way.
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		if !m.o.Dry {
			if err := removeAll(filepath.Join(parent, workFolder)); err != nil && !errors.Is(err, fs.ErrPermission) {
				return false, fmt.Errorf("install: %w", err)
			}
		}
		if _, err := os.Stat(parent); err == nil || parent == filepath.Dir(parent) {
			break
		}
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("install: %w", err)
	}
	m.report(RemoveState, dir)
	if m.o.Dry {
		return true, nil
	}
	whole := m.o.Default || len(m.Folders) > 0
	if whole && !m.o.Keep {
		return true, m.removeWhole()
	}
	// The manifest goes last: until then an interrupted removal is taken up
	// again with the folders it names.
	for _, last := range []bool{false, true} {
		for _, e := range entries {
			name := e.Name()
			mine := whole || slices.ContainsFunc(ours, func(o string) bool {
				// Beside a file there may be older ones and one on its way.
				return name == o || strings.HasPrefix(name, o+".") || strings.HasPrefix(name, "."+o+".")
			})
			spare := m.o.Keep && slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(name, k) })
			if !mine || spare || last != (name == File) {
				continue
			}
			m.o.At("state " + name)
			if err := removeAll(filepath.Join(dir, name)); err != nil {
				return true, fmt.Errorf("install: %w", err)
			}
		}
	}
	return true, nil
}

// removeWhole takes the state directory away in one step together with the
// folders that were made for it, as far as they hold nothing else: a killed
// removal leaves all of it, manifest included, or a folder that the next one
// recognises.
func (m *manifest) removeWhole() error {
	top := string(m.o.State)
	for len(m.Folders) > 1 && slices.Contains(m.Folders, filepath.Dir(top)) {
		entries, err := os.ReadDir(filepath.Dir(top))
		if err != nil || len(entries) != 1 {
			break
		}
		top = filepath.Dir(top)
	}
	room := filepath.Join(filepath.Dir(top), workFolder)
	m.o.At("state away")
	if err := os.Rename(top, room); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	m.o.At("state gone")
	if err := removeAll(room); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

// InstalledAgent is the agent as the manifest says it was installed; without one,
// as Install would make it.
func InstalledAgent(o Options) (*service.Agent, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	m, err := read(&o)
	if err != nil {
		return nil, err
	}
	return m.uninstallAgent()
}
