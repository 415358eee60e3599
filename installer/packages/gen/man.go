package main

import (
	"fmt"
	"strings"
)

// manual is tanba(1).
func manual(verbs []verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH TANBA 1 %q \"Tanba\" \"User Commands\"\n", date().Format("2006-01-02"))
	b.WriteString(".SH NAME\ntanba \\- signs documents for web pages in Kazakhstan, in the place of NCALayer\n")
	b.WriteString(".SH SYNOPSIS\n.B tanba\n.I VERB\n[\\fIFLAGS\\fR] [\\fIFILE\\fR\\&...]\n")
	b.WriteString(".SH DESCRIPTION\nTanba answers web pages at wss://127.0.0.1:13579, shows the person who asks and what is signed, and signs with their own key. The verbs below also sign, verify and look after keys from a terminal.\n")
	b.WriteString(".SH VERBS\n")
	for _, v := range verbs {
		lines := strings.Split(v.help, "\n")
		fmt.Fprintf(&b, ".SS %s\n.nf\n%s\n.fi\n", roff(v.name), roff(lines[0]))
		for _, line := range lines[1:] {
			if strings.TrimSpace(line) != "" {
				fmt.Fprintf(&b, ".PP\n%s\n", roff(line))
			}
		}
	}
	b.WriteString(".SH COMMON FLAGS\n.TP\n.B \\-\\-lang kk|ru|en\nlanguage of messages\n.TP\n.B \\-\\-json\none JSON object, or one a line, on standard output\n.TP\n.B \\-\\-quiet\nonly errors\n.TP\n.B \\-\\-state DIR\nwhere certificate, settings, permissions and journal are kept\n")
	b.WriteString(".SH FILES\n.TP\n.I ~/.local/state/tanba\nlocal certificate, settings, permissions, journal\n.TP\n.I /etc/tanba/settings.json\nwhat an administrator decides\n.TP\n.I /usr/lib/systemd/user/tanba.service\nthe user unit\n")
	b.WriteString(".SH SEE ALSO\nThe page https://127.0.0.1:13579/ of the running program.\n")
	return b.String()
}

// roff protects what troff would read as a command.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "«", `"`, "»", `"`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
