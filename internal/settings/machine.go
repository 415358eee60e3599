package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"

	"tanba/internal/state"
)

// Trust "always": an administrator has agreed, for everybody on this machine, to
// adding each person's local certificate to that person's stores.
const TrustAlways = "always"

// ErrWritable: the machine's file can be written by somebody who is no
// administrator, so it is nobody's word.
var ErrWritable = errors.New("settings: others than administrators can write it")

// MachineFolder holds what administrators set for everybody.
func MachineFolder() string {
	switch runtime.GOOS {
	case "windows":
		if d := os.Getenv("ProgramData"); d != "" {
			return filepath.Join(d, "Tanba")
		}
		return `C:\ProgramData\Tanba`
	case "darwin":
		return "/Library/Application Support/Tanba"
	}
	return "/etc/tanba"
}

// MachinePath is the machine's settings file.
func MachinePath() string { return filepath.Join(MachineFolder(), File) }

// Effective reads the person's file and the machine's. A field that the
// machine's sets wins.
func Effective(dir state.Dir) (Settings, error) { return effective(dir, MachinePath()) }

func effective(dir state.Dir, machine string) (Settings, error) {
	own, err := Load(dir)
	if err != nil {
		return Settings{}, err
	}
	above, err := loadMachine(machine)
	if err != nil {
		return Settings{}, err
	}
	return over(own, above), nil
}

// Machine reads the machine's file alone; none is the default.
func Machine() (Settings, error) { return loadMachine(MachinePath()) }

func loadMachine(path string) (Settings, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{Version: Version}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	if err := Guarded(path); err != nil {
		return Settings{}, err
	}
	s, err := Parse(data)
	if err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// over lays the fields that above sets over those of own.
func over(own, above Settings) Settings {
	to, from := reflect.ValueOf(&own).Elem(), reflect.ValueOf(above)
	for i := range to.NumField() {
		if f := from.Field(i); !f.IsZero() {
			to.Field(i).Set(f)
		}
	}
	own.Version = Version
	return own
}

// WithTrust is the text of a settings file with Trust set to "always": the one
// given, else the one at path, else a new one.
func WithTrust(text []byte, path string) ([]byte, error) {
	if text == nil {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("settings: %w", err)
		}
		text = data
	}
	s := Settings{Version: Version}
	if text != nil {
		var err error
		if s, err = Parse(text); err != nil {
			return nil, err
		}
		if s.Trust == TrustAlways {
			return text, nil
		}
	}
	s.Trust = TrustAlways
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return append(out, '\n'), nil
}
