// Package settings holds what the person or an administrator chose: one small
// versioned JSON file, settings.json, in the state directory, and above it one
// of the machine that administrators write.
//
// The zero value of every field stands for the default, so that a file written
// by an older version means what it meant. A field of the machine's file wins
// over the person's own. A file that cannot be read is an error with its name
// and the place in it; nothing falls back silently.
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"tanba/internal/state"
)

// Version is what this program writes. A file of a later version is refused
// with ErrNewer: a program taken back to an older version must not lose it.
const Version = 1

// File is the name of the file in the state directory.
const File = "settings.json"

// ErrNewer says that the file was written by a later version of the program.
var ErrNewer = errors.New("settings: written by a later version")

// Settings is the whole file.
type Settings struct {
	Version int `json:"version"`

	Language  string `json:"language,omitempty"` // kk, ru, en; "" = the system's
	Phrase    string `json:"phrase,omitempty"`   // the person's sign that a window is genuine
	LogLevel  string `json:"logLevel,omitempty"` // debug, info, warn, error; "" = info
	Port      int    `json:"port,omitempty"`     // 0 = 13579
	PlainWS   bool   `json:"plainWebSocket,omitempty"`
	Multisign bool   `json:"multisign,omitempty"` // KAZTOKEN's interface on 24680

	MessageBytes    int64 `json:"messageBytes,omitempty"`    // of a site the person approved; 0 = 512 MiB
	NewMessageBytes int64 `json:"newMessageBytes,omitempty"` // before that; 0 = 64 MiB
	BudgetBytes     int64 `json:"budgetBytes,omitempty"`     // of all messages in flight; 0 = 1 GiB

	Proxy      string   `json:"proxy,omitempty"` // URL, "none", "" = the system's
	TSA        []string `json:"tsa,omitempty"`   // time-stamping authorities; empty = the national one
	OCSP       string   `json:"ocsp,omitempty"`
	Revocation string   `json:"revocation,omitempty"` // "" = notice when out of reach, "require", "off"

	Modules       []Module          `json:"modules,omitempty"`       // PKCS#11
	TokenStorages map[string]string `json:"tokenStorages,omitempty"` // token label or module name → storage name
	KeyFolders    []string          `json:"keyFolders,omitempty"`    // where `tanba keys` looks

	Remember   int    `json:"rememberMinutes,omitempty"` // offer to remember a password; 0 = never
	QuietHours string `json:"quietHours,omitempty"`      // "22:00-08:00"; "" = that
	Warnings   string `json:"warnings,omitempty"`        // "" = on, "off"
	Kiosk      bool   `json:"kiosk,omitempty"`           // nothing is remembered, no "always"
	Trust      string `json:"trust,omitempty"`           // "" = when the person agrees, "always", "off"; see TrustAlways

	Permissions string `json:"permissions,omitempty"` // an administrators' file of sites, absolute
}

// Module is a PKCS#11 module the person or administrator named.
type Module struct {
	Path    string `json:"path"`              // absolute
	Storage string `json:"storage,omitempty"` // storage name of its tokens
	Token   string `json:"token,omitempty"`   // only this token, by label
	Off     bool   `json:"off,omitempty"`     // never load it
}

// Load reads the file of a state directory; none is the default.
func Load(dir state.Dir) (Settings, error) {
	if dir == "" {
		return Settings{Version: Version}, nil
	}
	data, err := dir.Read(File)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{Version: Version}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	return Parse(data)
}

// Parse reads the text of a settings file. An unknown member is an error: a
// setting that does nothing is worse than none.
func Parse(data []byte) (Settings, error) {
	var probe struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	if probe.Version > Version {
		return Settings{}, fmt.Errorf("%w: %d, this one knows %d", ErrNewer, probe.Version, Version)
	}
	data, err := migrate(data, probe.Version, migrations)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{Version: Version}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	s.Version = Version
	return s, s.Check()
}

// migration turns the members of one version's file into the next one's.
type migration func(map[string]json.RawMessage) error

// migrations[n] leads from version n to n+1. A file without a version is of
// version 1.
var migrations = map[int]migration{
	0: func(map[string]json.RawMessage) error { return nil },
}

// migrate brings a file's text up to Version.
func migrate(data []byte, from int, steps map[int]migration) ([]byte, error) {
	if from >= Version {
		return data, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	for v := from; v < Version; v++ {
		step := steps[v]
		if step == nil {
			return nil, fmt.Errorf("settings: version %d is unknown", from)
		}
		if err := step(members); err != nil {
			return nil, fmt.Errorf("settings: from version %d: %w", v, err)
		}
	}
	members["version"] = json.RawMessage(strconv.Itoa(Version))
	return json.Marshal(members)
}

// Save writes the file; a crash leaves the old one or the new one.
func Save(dir state.Dir, s Settings) error {
	s.Version = Version
	if err := s.Check(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := dir.Create(); err != nil {
		return err
	}
	return dir.Write(append(data, '\n'), File)
}

// Check says what is wrong with the values.
func (s Settings) Check() error {
	switch {
	case s.Port < 0 || s.Port > 65535:
		return fmt.Errorf("settings: port %d", s.Port)
	case s.Language != "" && s.Language != "kk" && s.Language != "ru" && s.Language != "en":
		return fmt.Errorf("settings: language %q", s.Language)
	case s.LogLevel != "" && s.LogLevel != "debug" && s.LogLevel != "info" && s.LogLevel != "warn" && s.LogLevel != "error":
		return fmt.Errorf("settings: logLevel %q", s.LogLevel)
	case s.Trust != "" && s.Trust != TrustAlways && s.Trust != "off":
		return fmt.Errorf("settings: trust %q", s.Trust)
	case s.Permissions != "" && !filepath.IsAbs(s.Permissions):
		return fmt.Errorf("settings: permissions %q is not an absolute path", s.Permissions)
	case s.MessageBytes < 0 || s.NewMessageBytes < 0 || s.BudgetBytes < 0:
		return errors.New("settings: a limit below zero")
	case s.Revocation != "" && s.Revocation != "require" && s.Revocation != "off":
		return fmt.Errorf("settings: revocation %q", s.Revocation)
	}
	return nil
}
