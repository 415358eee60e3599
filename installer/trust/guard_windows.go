package trust

import "io/fs"

func sameOwner(string, fs.FileInfo) error { return nil }
