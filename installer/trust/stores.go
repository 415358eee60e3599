package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// stores lists every place on this machine, in a fixed order.
func (o *Options) stores() ([]store, error) {
	list := o.osStores()
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		seen := map[string]bool{}
		add := func(k Kind, dir string) {
			id := dir
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				id = real // snap's "current" is a link to a revision
			}
			if !seen[id] {
				seen[id] = true
				list = append(list, &nss{o, k, dir})
			}
		}
		for _, home := range chromiumHomes(o.Home) {
			add(Chromium, chromiumDatabase(home))
		}
		for _, root := range firefoxRoots(o.Home) {
			for _, profile := range firefoxProfiles(root) {
				add(Firefox, profile)
			}
		}
		if err := o.haveCertutil(); err != nil {
			return nil, err
		}
	}
	if o.System {
		list = append(list, o.system())
	}
	if o.Java {
		s, err := o.findJava()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// storeAt is the store of a journal entry, which may have gone since.
func (o *Options) storeAt(k Kind, path string) store {
	switch k {
	case System:
		s := o.system()
		s.dir = path
		return s
	case Java:
		s, err := o.findJava()
		if err != nil {
			s = &java{o: o, keytool: "keytool"}
		}
		s.file = path
		return s
	}
	if s := o.osStore(k, path); s != nil {
		return s
	}
	return &nss{o, k, path}
}

func (o *Options) haveCertutil() error {
	if _, err := exec.LookPath("certutil"); err != nil {
		return ErrNoCertutil
	}
	return nil
}

// Packages that bring certutil, by the identifiers of /etc/os-release.
var certutilPackages = []struct {
	ids     []string
	command string
}{
	{[]string{"debian", "ubuntu", "linuxmint", "astra", "elementary", "pop"}, "sudo apt install libnss3-tools"},
	{[]string{"fedora", "rhel", "centos", "rocky", "almalinux", "redos"}, "sudo dnf install nss-tools"},
	{[]string{"altlinux"}, "sudo apt-get install nss-utils"},
	{[]string{"arch", "manjaro"}, "sudo pacman -S nss"},
	{[]string{"opensuse", "suse", "sles", "opensuse-leap", "opensuse-tumbleweed"}, "sudo zypper install mozilla-nss-tools"},
	{[]string{"alpine"}, "sudo apk add nss-tools"},
}

// CertutilCommand is what to type to install certutil on this system.
func CertutilCommand() string {
	data, _ := os.ReadFile("/etc/os-release")
	return certutilCommand(string(data))
}

func certutilCommand(osRelease string) string {
	var ids []string
	for line := range strings.Lines(osRelease) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			ids = append([]string{value}, ids...)
		case "ID_LIKE":
			ids = append(ids, strings.Fields(value)...)
		}
	}
	for _, id := range ids {
		for _, p := range certutilPackages {
			if slices.Contains(p.ids, id) {
				return p.command
			}
		}
	}
	return certutilPackages[0].command
}

// permission marks an error that only an administrator can do away with.
func permission(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrNotPermitted, err)
	}
	return fmt.Errorf("trust: %w", err)
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}
