package trust

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A store that is a file, or a few files that belong together, is given back
// octet for octet. Removing a certificate through the store's own program does
// not do that: an SQLite file keeps a counter of its changes and its free pages,
// a Java store the order of its entries.
//
// So before the first change each file is copied into the state directory. A
// change is made to a copy beside the file, and the copy's hash is written to the
// journal before it is renamed into place; the file is therefore always in a
// state the journal knows, also when we are killed in between. On removal a file
// in a known state is put back as it was. One in a state we do not know was
// changed by somebody else since: then only our certificate is taken out, by the
// store's own program, and what the others did stays.
//
// The same holds while another program has the file open, as a running browser
// has its database: it is changed in place, where the browser sees it at once,
// and counts as somebody else's from then on.

// file is what the journal knows of one file.
type file struct {
	Mode fs.FileMode `json:"mode"`
	// States are the SHA-256 of the file before our first change and after each
	// of ours. The first one names the copy to put back.
	States []string `json:"states"`
	// Absent: it did not exist before us.
	Absent bool `json:"absent,omitempty"`
	// Foreign: somebody else changed it as well.
	Foreign bool `json:"foreign,omitempty"`
}

const (
	backupFolder = "trust"
	// workFolder holds the copies that are being changed, beside the originals.
	workFolder = ".tanba-work"
)

// guarded are the files of one store.
type guarded struct {
	j     *journal
	o     *Options
	dir   string
	names []string
}

func hashOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", permission(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func (g *guarded) path(name string) string { return filepath.Join(g.dir, name) }

// keep makes sure that each file's first state is in the journal and its copy in
// the state directory.
func (g *guarded) keep() error {
	changed := false
	for _, name := range g.names {
		path := g.path(name)
		if g.j.Files[path] != nil {
			continue
		}
		f := &file{}
		data, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			f.Absent, f.States = true, []string{""}
		case err != nil:
			return permission(err)
		default:
			fi, err := os.Stat(path)
			if err != nil {
				return permission(err)
			}
			sum := sha256.Sum256(data)
			f.Mode, f.States = fi.Mode().Perm(), []string{hex.EncodeToString(sum[:])}
			if err := g.j.dir.Write(data, backupFolder, f.States[0]); err != nil {
				return fmt.Errorf("trust: %w", err)
			}
		}
		if g.j.Files == nil {
			g.j.Files = map[string]*file{}
		}
		g.j.Files[path] = f
		changed = true
	}
	if !changed {
		return nil
	}
	return g.j.write()
}

// ours tells whether every file is in a state the journal knows and nobody has
// one open.
func (g *guarded) ours() (bool, error) {
	for _, name := range g.names {
		f := g.j.Files[g.path(name)]
		if f == nil || f.Foreign {
			return false, nil
		}
		now, err := hashOf(g.path(name))
		if err != nil {
			return false, err
		}
		if !slices.Contains(f.States, now) {
			return false, nil
		}
	}
	return !g.o.InUse(g.paths()), nil
}

func (g *guarded) paths() []string {
	var list []string
	for _, name := range g.names {
		list = append(list, g.path(name))
	}
	return list
}

// change lets work change the files: copies of them in the folder it is given,
// or the files themselves when they are not ours alone.
func (g *guarded) change(ctx context.Context, work func(ctx context.Context, dir string) error) error {
	if err := g.keep(); err != nil {
		return err
	}
	ours, err := g.ours()
	if err != nil {
		return err
	}
	if !ours {
		if err := g.foreign(); err != nil {
			return err
		}
		return work(ctx, g.dir)
	}
	room := g.path(workFolder)
	if err := os.RemoveAll(room); err != nil {
		return permission(err)
	}
	if err := os.Mkdir(room, 0o700); err != nil {
		return permission(err)
	}
	defer os.RemoveAll(room)
	for _, name := range g.names {
		if err := copyFile(filepath.Join(room, name), g.path(name)); err != nil {
			return err
		}
	}
	if err := work(ctx, room); err != nil {
		return err
	}
	for _, name := range g.names {
		sum, err := hashOf(filepath.Join(room, name))
		if err != nil {
			return err
		}
		if f := g.j.Files[g.path(name)]; !slices.Contains(f.States, sum) {
			f.States = append(f.States, sum)
		}
	}
	if err := g.j.write(); err != nil {
		return err
	}
	for _, name := range g.names {
		from := filepath.Join(room, name)
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		g.o.at("rename " + g.path(name))
		if err := os.Rename(from, g.path(name)); err != nil {
			return permission(err)
		}
	}
	return nil
}

// foreign gives up putting the files back: whoever else changed them keeps that.
func (g *guarded) foreign() error {
	for _, path := range g.paths() {
		if f := g.j.Files[path]; f != nil {
			f.Foreign = true
		}
	}
	return g.j.write()
}

// restore puts every file back as it was, if they are ours alone. done is false
// when they are not.
func (g *guarded) restore() (done bool, err error) {
	if err := os.RemoveAll(g.path(workFolder)); err != nil {
		return false, permission(err)
	}
	ours, err := g.ours()
	if err != nil || !ours {
		return false, err
	}
	for _, name := range g.names {
		f, path := g.j.Files[g.path(name)], g.path(name)
		g.o.at("restore " + path)
		if f.Absent {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, permission(err)
			}
			continue
		}
		if now, err := hashOf(path); err != nil {
			return false, err
		} else if now == f.States[0] {
			continue
		}
		data, err := g.j.dir.Read(backupFolder, f.States[0])
		if err != nil {
			return false, fmt.Errorf("trust: %w", err)
		}
		if err := replaceFile(path, data, f.Mode); err != nil {
			return false, err
		}
	}
	return true, nil
}

// forget drops the files from the journal once nothing of ours is in them.
func (g *guarded) forget() error {
	for _, path := range g.paths() {
		delete(g.j.Files, path)
	}
	return os.RemoveAll(g.path(workFolder))
}

// rootFile writes the root where the stores' programs can read it. It goes with
// the copies.
func (o *Options) rootFile(c *x509.Certificate) (string, error) {
	const name = "root.pem"
	if err := o.State.Write(Export(c), backupFolder, name); err != nil {
		return "", fmt.Errorf("trust: %w", err)
	}
	return o.State.Path(backupFolder, name), nil
}

func (j *journal) dropBackups() error {
	if err := os.RemoveAll(j.dir.Path(backupFolder)); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}

// copyFile copies a file that may be missing, with mode and, for root, owner.
func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return permission(err)
	}
	fi, err := os.Stat(from)
	if err != nil {
		return permission(err)
	}
	if err := os.WriteFile(to, data, fi.Mode().Perm()); err != nil {
		return permission(err)
	}
	return sameOwner(to, fi)
}

// replaceFile puts data in a file's place in one step.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	fi, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return permission(err)
	}
	room := filepath.Join(filepath.Dir(path), workFolder)
	if err := os.MkdirAll(room, 0o700); err != nil {
		return permission(err)
	}
	defer os.RemoveAll(room)
	temp := filepath.Join(room, filepath.Base(path))
	if err := os.WriteFile(temp, data, mode); err != nil {
		return permission(err)
	}
	if err := os.Chmod(temp, mode); err != nil {
		return permission(err)
	}
	if fi != nil {
		if err := sameOwner(temp, fi); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return permission(err)
	}
	return nil
}
