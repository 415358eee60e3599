package enrollment

import (
	"os"
	"path/filepath"
	"strings"
)

// folderName is that of the folder for new keys, the same in every language, so
// that whoever helps over the telephone can name it.
const folderName = "Tanba keys"

// Folder is where new key files are proposed to live: a folder of their own
// among the person's documents, as the desktop calls those, so that a key is found
// again and nothing else lies beside it. Where the documents are copied to another
// company's machines, it is in the home folder. It need not exist yet; "" = the
// person has no home.
func Folder() string {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return ""
	}
	return folderIn(home, documents(home), synchronised())
}

// folderIn chooses between the documents and the home folder.
func folderIn(home, documents string, copied []string) string {
	place := home
	if info, err := os.Stat(documents); filepath.IsAbs(documents) && err == nil && info.IsDir() {
		place = documents
	}
	for _, above := range copied {
		if within(place, above) {
			place = home
		}
	}
	return filepath.Join(place, folderName)
}

// within reports whether a path is a folder or lies below it. Letter case counts
// only where it does for the system; a folder too many is no harm here.
func within(path, folder string) bool {
	if !filepath.IsAbs(folder) {
		return false
	}
	rest, err := filepath.Rel(strings.ToLower(folder), strings.ToLower(path))
	return err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator))
}
