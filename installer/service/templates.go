package service

import "strings"

// unitTemplate is the unit of the agent, in the small language of
// kardianos/service. Packages of the system install the same text; see Unit.
//
// The agent starts a browser for its window and a helper per token module: hence
// none of the hardening that children inherit, and KillMode=mixed, so that
// asking the agent to end does not take the window in which somebody is just
// deciding. What is still there after TimeoutStopSec goes.
//
// A condition takes its path as it stands: escaped, as kardianos and security.md
// §12 write it, one with a space is never met, and the agent never starts.
//
// Exit codes 2 and 3 are a wrong command line and a port that another program
// holds: trying again at once helps neither.
const unitTemplate = `[Unit]
Description={{Description}}
ConditionFileIsExecutable={{Path}}
StartLimitIntervalSec=30
StartLimitBurst=5

[Service]
ExecStart={{Path | cmdEscape}}{{range Arguments}} {{. | cmd}}{{end}}
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2 3
KillMode=mixed
TimeoutStopSec=45
LimitCORE=0
UMask=0077

[Install]
WantedBy=graphical-session.target default.target
`

// plistTemplate is the agent of launchd. KeepAlive holds after a crash only.
const plistTemplate = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>{{Name | html}}</string>
	<key>ProgramArguments</key>
	<array>
		<string>{{Path | html}}</string>
{{range Arguments}}		<string>{{. | html}}</string>
{{end}}	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>LimitLoadToSessionType</key>
	<string>Aqua</string>
	<key>ProcessType</key>
	<string>Interactive</string>
	<key>ExitTimeOut</key>
	<integer>45</integer>
</dict>
</plist>
`

// desktopTemplate is the XDG autostart entry.
const desktopTemplate = `[Desktop Entry]
Type=Application
Name=Tanba
Comment=` + Description + `
Exec=%s
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
`

// Unit is the text of the user unit for a program at an absolute path, for
// packages of the system. It is what kardianos/service renders, which a test
// compares.
func Unit(program string, args ...string) string {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	var quoted strings.Builder
	for _, a := range args {
		quoted.WriteString(` "` + unitEscape(a) + `"`)
	}
	return strings.NewReplacer(
		"{{Description}}", Description,
		"{{Path}}", unitEscape(program),
		"{{Path | cmdEscape}}", strings.ReplaceAll(unitEscape(program), " ", `\x20`),
		"{{range Arguments}} {{. | cmd}}{{end}}", quoted.String(),
	).Replace(unitTemplate)
}

// unitEscape keeps systemd from reading a per cent sign as a specifier.
func unitEscape(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// Desktop is the text of the autostart entry.
func Desktop(program string, args ...string) string {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	words := []string{desktopQuote(program)}
	for _, a := range args {
		words = append(words, desktopQuote(a))
	}
	return strings.Replace(desktopTemplate, "%s", strings.Join(words, " "), 1)
}

// desktopQuote quotes an argument of Exec by the Desktop Entry Specification.
func desktopQuote(s string) string {
	s = strings.ReplaceAll(s, "%", "%%")
	if strings.IndexFunc(s, func(r rune) bool { return strings.ContainsRune(" \t'><~|&;*?#()", r) }) < 0 {
		return s
	}
	return `"` + s + `"`
}
