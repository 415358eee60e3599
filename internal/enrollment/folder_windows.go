package enrollment

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// documents is the known folder: it may be named in another language, and lie on
// another disk.
func documents(home string) string {
	if path, err := windows.KnownFolderPath(windows.FOLDERID_Documents, windows.KF_FLAG_DONT_VERIFY); err == nil {
		return path
	}
	return filepath.Join(home, "Documents")
}

// synchronised are the folders that OneDrive copies: Windows moves the documents
// there for many.
func synchronised() []string {
	return []string{os.Getenv("OneDrive"), os.Getenv("OneDriveConsumer"), os.Getenv("OneDriveCommercial")}
}
