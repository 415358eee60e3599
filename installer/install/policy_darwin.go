package install

import (
	"path/filepath"

	"tanba/internal/settings"
)

const profileFile = "portals.mobileconfig"

func (m *manifest) policies() error {
	switch {
	case len(m.o.Portals) == 0:
		return nil
	case m.o.Machine:
		return m.profile(filepath.Join(m.o.PolicyRoot, settings.MachineFolder(), profileFile))
	}
	return m.profile(m.o.State.Path(profileFile))
}

func (m *manifest) undoPolicy(Change) error { return nil } // of another system
