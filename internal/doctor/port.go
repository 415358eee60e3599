package doctor

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tanba/internal/peer"
)

// products that want the same port, by what their executable, their jar or their
// autostart entry is called. More exact names stand first.
var products = []struct{ name, variant string }{
	{"ncalayerd", "ncalayer_rs"},
	{"ncalayer-rs", "ncalayer_rs"},
	{"ncalayer", "ncalayer"},
	{"kaztoken", "kaztoken"},
	{"tanba", "tanba"},
}

// Product tells which known program a process is: "ncalayer", "ncalayer_rs",
// "kaztoken", "tanba", or "". Java runs the original and many others, so its
// arguments decide, or that it is the Java that NCALayer brings along.
func Product(h peer.Holder, arguments []string) string {
	for _, name := range []string{base(h.Executable), h.Name} {
		if p := productNamed(name); p != "" {
			return p
		}
	}
	if !isJava(h) {
		return ""
	}
	for _, path := range []string{javaProgram(arguments), h.Executable} {
		for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			if p := productNamed(part); p != "" && p != "tanba" {
				return p
			}
		}
	}
	return ""
}

// productNamed goes by the beginning of a name.
func productNamed(name string) string {
	name = strings.ToLower(name)
	for _, p := range products {
		if strings.HasPrefix(name, p.name) {
			return p.variant
		}
	}
	return ""
}

func isJava(h peer.Holder) bool {
	return slices.ContainsFunc([]string{base(h.Executable), h.Name}, func(name string) bool {
		return slices.Contains([]string{"java", "javaw"}, strings.TrimSuffix(strings.ToLower(name), ".exe"))
	})
}

// base is the last part of a path of either kind of system.
func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// javaProgram is what a Java runs: the path of its jar or its class. The options
// with a value of their own are passed over together with it.
func javaProgram(arguments []string) string {
	for i := 1; i < len(arguments); i++ {
		switch a := arguments[i]; {
		case a == "-jar" && i+1 < len(arguments):
			return arguments[i+1]
		case slices.Contains([]string{"-cp", "-classpath", "--class-path", "-p", "--module-path"}, a):
			i++
		case !strings.HasPrefix(a, "-"):
			return a
		}
	}
	return ""
}

// arguments of a process, where the system shows them as files.
func arguments(pid int) []string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
}

// port looks for the first two faults. running tells whether our own agent
// answers.
func (o *Options) port(context.Context) (findings []Finding, running bool) {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(o.Port))
	h, err := o.Holder(addr)
	switch {
	case errors.Is(err, peer.ErrUnsupported):
		return []Finding{unknown(NotRunning), unknown(PortTaken)}, true
	case err != nil:
		f := Finding{Code: NotRunning, Args: []any{o.Port}}
		if o.Installed != nil && o.Installed() {
			f.Variant = "installed"
			f = f.withFix(o.Start)
		}
		return []Finding{f, good(PortTaken, o.Port)}, false
	case o.Mine != nil && o.Mine(h):
		return []Finding{good(NotRunning, o.Port), good(PortTaken, o.Port)}, true
	}
	var args []string
	if h.PID != 0 {
		args = o.Arguments(h.PID)
	}
	f := Finding{Code: PortTaken, Variant: Product(h, args)}
	if program := javaProgram(args); f.Variant == "" && isJava(h) && program != "" {
		h.Name += " " + printable(base(program))
	}
	f.Args = []any{o.Port, h.Name, h.PID, h.User}
	f.autostart = o.autostart(f.Variant)
	if h.PID == 0 {
		f.Variant = "nobody"
	}
	if o.Stop != nil && h.PID != 0 {
		f = f.withFix(func(ctx context.Context) error {
			if err := o.Stop(ctx, h); err != nil || o.Start == nil {
				return err
			}
			return o.Start(ctx)
		})
	}
	// That ours does not run is the same fault; it is named once.
	return []Finding{good(NotRunning, o.Port), f}, false
}

// entries start programs with the session; below the home directory and below
// the root of the system.
var (
	homeEntries = []string{
		".config/autostart/*.desktop", ".config/systemd/user/*.service", "Library/LaunchAgents/*.plist",
		"AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/*",
	}
	rootEntries = []string{"etc/xdg/autostart/*.desktop", "etc/systemd/user/*.service", "usr/lib/systemd/user/*.service", "Library/LaunchAgents/*.plist"}
)

const maxEntry = 1 << 20

// autostart finds what starts a product anew at the next log-in.
func (o *Options) autostart(product string) []string {
	if product == "" || product == "tanba" {
		return nil
	}
	var found []string
	look := func(folder string, patterns []string) {
		for _, pattern := range patterns {
			files, _ := filepath.Glob(filepath.Join(folder, filepath.FromSlash(pattern)))
			for _, file := range files {
				if o.starts(file) == product {
					found = append(found, file)
				}
			}
		}
	}
	look(o.Home, homeEntries)
	look(o.Root, rootEntries)
	return found
}

// starts tells which product an entry starts, by its name or its command.
func (o *Options) starts(file string) string {
	fi, err := os.Stat(file)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > maxEntry {
		return ""
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	product := productNamed(filepath.Base(file))
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case key == "Hidden" && value == "true", key == "X-GNOME-Autostart-enabled" && value == "false":
			return "" // switched off
		case product == "" && (key == "Exec" || key == "ExecStart" || strings.HasPrefix(key, "<string>")):
			for _, part := range strings.FieldsFunc(key+" "+value, func(r rune) bool { return strings.ContainsRune(` "'/\<>`, r) }) {
				if p := productNamed(part); p != "" && product == "" {
					product = p
				}
			}
		}
	}
	return product
}
