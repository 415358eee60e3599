package main

import (
	"fmt"
	"strings"
)

func names(verbs []verb) []string {
	var out []string
	for _, v := range verbs {
		out = append(out, v.name)
	}
	return out
}

func bash(verbs []verb) string {
	var b strings.Builder
	b.WriteString("# bash completion for tanba\n_tanba() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n")
	fmt.Fprintf(&b, "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W %q -- \"$cur\"))\n\t\treturn\n\tfi\n", strings.Join(names(verbs), " "))
	b.WriteString("\tif [[ $cur == -* ]]; then\n\t\tlocal flags=\n\t\tcase ${COMP_WORDS[1]} in\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "\t\t%s) flags=%q ;;\n", v.name, strings.Join(v.flags, " "))
	}
	b.WriteString("\t\tesac\n\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\tfi\n}\ncomplete -o filenames -F _tanba tanba\n")
	return b.String()
}

func zsh(verbs []verb) string {
	var b strings.Builder
	b.WriteString("#compdef tanba\n_tanba() {\n\tlocal -a verbs\n\tverbs=(\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "\t\t'%s:%s'\n", v.name, quote(v.purpose()))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe 'verb' verbs\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "\t%s) _arguments %s '*:file:_files' ;;\n", v.name, "'"+strings.Join(v.flags, "' '")+"'")
	}
	b.WriteString("\tesac\n}\n_tanba \"$@\"\n")
	return b.String()
}

func fish(verbs []verb) string {
	var b strings.Builder
	b.WriteString("# fish completion for tanba\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "complete -c tanba -n __fish_use_subcommand -f -a %s -d '%s'\n", v.name, quote(v.purpose()))
		for _, f := range v.flags {
			fmt.Fprintf(&b, "complete -c tanba -n '__fish_seen_subcommand_from %s' -l %s\n", v.name, strings.TrimPrefix(f, "--"))
		}
	}
	return b.String()
}

// quote keeps a text inside single quotes and out of zsh's separators.
func quote(s string) string { return strings.NewReplacer("'", "", ":", " ").Replace(s) }
