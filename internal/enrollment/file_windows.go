package enrollment

// syncDir: Windows flushes names with the file.
func syncDir(string) error { return nil }
