package pkcs11

// guarded is true: the places of vendors lie under the folders of the system and
// of programs, where only an administrator writes.
func guarded(string) bool { return true }
