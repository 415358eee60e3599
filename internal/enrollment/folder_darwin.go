package enrollment

import "path/filepath"

// documents: the Finder translates the name, the disk does not.
func documents(home string) string { return filepath.Join(home, "Documents") }

func synchronised() []string { return nil }
