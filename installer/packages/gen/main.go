// Command gen writes the files of packages that follow from the program itself,
// so that they never say anything else than it: the unit and the autostart entry,
// the manual page and the completions out of the texts of --help, the bill of
// materials out of what is linked.
//
//	gen unit | desktop | preset
//	gen man | bash | zsh | fish
//	gen sbom PROGRAM
//	gen settle PACKAGE [CODE]
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"tanba/installer/service"
	"tanba/internal/i18n"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// program is where packages put it.
const program = "/usr/bin/tanba"

func run(args []string, out io.Writer) error {
	text := ""
	switch {
	case len(args) == 2 && args[0] == "sbom":
		return sbom(out, args[1])
	case len(args) == 2 && args[0] == "settle":
		return settle(args[1], "")
	case len(args) == 3 && args[0] == "settle":
		return settle(args[1], args[2])
	case len(args) != 1:
		return fmt.Errorf("usage: gen unit|desktop|preset|man|bash|zsh|fish|sbom PROGRAM|settle PACKAGE")
	case args[0] == "unit":
		text = service.Unit(program)
	case args[0] == "desktop":
		// Where systemd starts the unit, its generator must not start this, too.
		text = service.Desktop(program) + "X-systemd-skip=true\n"
	case args[0] == "preset":
		text = "enable " + service.Name + ".service\n"
	case args[0] == "man":
		text = manual(verbs())
	case args[0] == "bash":
		text = bash(verbs())
	case args[0] == "zsh":
		text = zsh(verbs())
	case args[0] == "fish":
		text = fish(verbs())
	default:
		return fmt.Errorf("unknown file %q", args[0])
	}
	_, err := io.WriteString(out, text)
	return err
}

// verb is one word of the command line with its help in English.
type verb struct {
	name, help string
	flags      []string
}

// verbs are those that have a text of --help.
func verbs() []verb {
	var out []verb
	for _, area := range i18n.Areas() {
		for _, key := range i18n.Keys(area) {
			name, ok := strings.CutPrefix(key, "cli.help.")
			if !ok || name == "common" {
				continue
			}
			help := i18n.T("en", key)
			out = append(out, verb{name, help, flagsOf(help)})
		}
	}
	slices.SortFunc(out, func(a, b verb) int { return strings.Compare(a.name, b.name) })
	return out
}

// flagsOf finds the flags a text speaks of.
func flagsOf(help string) []string {
	flags := []string{"--help", "--json", "--lang", "--quiet", "--state"}
	for _, word := range strings.FieldsFunc(help, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz-", r) }) {
		if strings.HasPrefix(word, "--") && len(word) > 3 && !slices.Contains(flags, word) {
			flags = append(flags, strings.TrimRight(word, "-"))
		}
	}
	slices.Sort(flags)
	return slices.Compact(flags)
}

// first line of a help text that says what the verb does.
func (v verb) purpose() string {
	for _, line := range strings.Split(v.help, "\n")[1:] {
		if line = strings.TrimSpace(line); line != "" {
			sentence, _, _ := strings.Cut(line, ". ")
			return strings.TrimSuffix(strings.SplitN(sentence, ": ", 2)[0], ".")
		}
	}
	return v.name
}

// date of the files: that of the source, so that two builds are equal.
func date() time.Time {
	var seconds int64
	if _, err := fmt.Sscan(os.Getenv("SOURCE_DATE_EPOCH"), &seconds); err != nil {
		return time.Unix(0, 0).UTC()
	}
	return time.Unix(seconds, 0).UTC()
}
