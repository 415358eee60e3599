package settings

import (
	"reflect"
	"strings"
)

// Members names the members of the file that say something, as the file spells
// them; the version is not one.
func (s Settings) Members() []string {
	var names []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name != "version" && name != "" && name != "-" && !v.Field(i).IsZero() {
			names = append(names, name)
		}
	}
	return names
}
