//go:build unix

package enrollment

import "os"

// syncDir makes the names in a folder last. Some file systems cannot; the file
// itself was flushed.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	d.Sync()
	return nil
}
