package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Site is one entry of the administrators' file of sites (Settings.Permissions):
//
//	{"version": 1, "sites": [{"origin": "https://idp.egov.kz", "allow": ["list"]}]}
//
// An origin is exact: scheme, host and port, no wildcard. "list" is all that may
// be allowed ahead of the person: to learn which kinds of tokens are plugged in.
// Nobody signs, logs in or shows a certificate by this file (security.md §9). On a
// kiosk only pages of the sites listed may ask for anything, whatever they are
// allowed.
type Site struct {
	Origin string   `json:"origin"`
	Allow  []string `json:"allow,omitempty"`
}

// MayList reports whether the site may learn of tokens unasked.
func (s Site) MayList() bool { return slices.Contains(s.Allow, "list") }

// Sites reads the file that Permissions names, none if it names none. A file that
// others than administrators can write is ErrWritable, as the machine's own is.
func (s Settings) Sites() ([]Site, error) {
	if s.Permissions == "" {
		return nil, nil
	}
	return readSites(s.Permissions, Guarded)
}

func readSites(path string, guard func(string) error) ([]Site, error) {
	if err := guard(path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	sites, err := ParseSites(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return sites, nil
}

// ParseSites reads the text of a file of sites. What it does not understand is an
// error: a line that allows nothing of what was meant helps nobody.
func ParseSites(data []byte) ([]Site, error) {
	var file struct {
		Version int    `json:"version"`
		Sites   []Site `json:"sites"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("settings: sites: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("settings: sites: something follows the file")
	}
	if file.Version > 1 {
		return nil, fmt.Errorf("%w: sites of version %d, this one knows 1", ErrNewer, file.Version)
	}
	seen := map[string]bool{}
	for _, s := range file.Sites {
		if err := s.check(); err != nil {
			return nil, err
		}
		if seen[s.Origin] {
			return nil, fmt.Errorf("settings: sites: %q stands twice", s.Origin)
		}
		seen[s.Origin] = true
	}
	return file.Sites, nil
}

// check demands an origin as browsers write it, so that it can be compared octet
// by octet.
func (s Site) check() error {
	u, err := url.Parse(s.Origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || s.Origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("settings: sites: %q is not an origin like https://idp.egov.kz", s.Origin)
	}
	for _, r := range u.Host {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-:[]", r) {
			return fmt.Errorf("settings: sites: %q is not an exact host in lower case", s.Origin)
		}
	}
	if port := u.Port(); strings.HasSuffix(u.Host, ":") || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return fmt.Errorf("settings: sites: %q names a port that browsers leave out", s.Origin)
	}
	for _, a := range s.Allow {
		if a != "list" {
			return fmt.Errorf("settings: sites: %s: %q cannot be allowed ahead, only \"list\"", s.Origin, a)
		}
	}
	return nil
}
