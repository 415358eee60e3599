package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"time"

	"tanba/bridge/prompt"
)

// inSession asks the person with the display of the session as it is when
// something is asked. A unit that systemd starts at login is there before the
// desktop, and so without its DISPLAY or WAYLAND_DISPLAY: the desktop tells them
// to the person's systemd when it has come up (security.md §11.1), and another
// login may bring another display.
type inSession struct{ prompt.Prompter }

func (p inSession) Approve(ctx context.Context, r *prompt.Request) (prompt.Decision, error) {
	if !hasDisplay() {
		joinSession(ctx)
	}
	return p.Prompter.Approve(ctx, r)
}

// sessionVariables are those a window needs; nothing else is taken over.
var sessionVariables = []string{
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS", "DBUS_SESSION_BUS_ADDRESS",
}

func joinSession(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "systemctl", "--user", "show-environment").Output()
	if err != nil {
		return // no systemd manages the session: what we were started with is all there is
	}
	for name, value := range sessionEnvironment(string(out)) {
		os.Setenv(name, value)
	}
}

// sessionEnvironment reads what show-environment prints. Values with characters
// of the shell come as $'…'; none of these variables needs one, so such a line
// is left out.
func sessionEnvironment(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || value == "" || strings.HasPrefix(value, "$'") {
			continue
		}
		for _, wanted := range sessionVariables {
			if name == wanted {
				found[name] = value
			}
		}
	}
	return found
}
