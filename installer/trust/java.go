package trust

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNoJava: there is no Java with a keytool and a store.
var ErrNoJava = errors.New("trust: no Java found")

// java is the store of one Java, a file that its keytool changes. The password
// is the one every Java ships with; it keeps nothing secret.
type java struct {
	o       *Options
	file    string
	keytool string
}

const javaPassword = "changeit"

// findJava takes JAVA_HOME, else the java of the PATH.
func (o *Options) findJava() (*java, error) {
	program := "keytool"
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	var homes []string
	if home := os.Getenv("JAVA_HOME"); filepath.IsAbs(home) {
		homes = append(homes, home)
	}
	if path, err := exec.LookPath("java"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			homes = append(homes, filepath.Dir(filepath.Dir(real)))
		}
	}
	for _, home := range homes {
		keytool := filepath.Join(home, "bin", program)
		if _, err := os.Stat(keytool); err != nil {
			continue
		}
		for _, place := range []string{"lib/security/cacerts", "jre/lib/security/cacerts"} {
			file := filepath.Join(home, filepath.FromSlash(place))
			if real, err := filepath.EvalSymlinks(file); err == nil {
				return &java{o, real, keytool}, nil // Debian links to /etc/ssl
			}
		}
	}
	return nil, ErrNoJava
}

func (s *java) kind() Kind   { return Java }
func (s *java) path() string { return s.file }

func (s *java) exists() bool {
	_, err := os.Stat(s.file)
	return err == nil
}

func (s *java) run(ctx context.Context, file string, args ...string) ([]byte, error) {
	return s.o.Run(ctx, s.keytool, append([]string{"-J-Duser.language=en", args[0], "-keystore", file, "-storepass", javaPassword}, args[1:]...)...)
}

func javaAlias(fp string) string { return "tanba-" + fp[:16] }

func (s *java) status(ctx context.Context, c *x509.Certificate) (present, trusted bool, err error) {
	fp := fingerprint(c.Raw)
	out, err := s.run(ctx, s.file, "-exportcert", "-rfc", "-alias", javaAlias(fp))
	if err != nil {
		if strings.Contains(string(out), "does not exist") {
			return false, false, nil
		}
		return false, false, err
	}
	block, _ := pem.Decode(out)
	ok := block != nil && fingerprint(block.Bytes) == fp
	return ok, ok, nil
}

func (s *java) guard(j *journal) *guarded {
	return &guarded{j: j, o: s.o, dir: filepath.Dir(s.file), names: []string{filepath.Base(s.file)}}
}

func (s *java) add(ctx context.Context, j *journal, c *x509.Certificate, _ string) error {
	file, err := s.o.rootFile(c)
	if err != nil {
		return err
	}
	return s.guard(j).change(ctx, func(ctx context.Context, dir string) error {
		_, err := s.run(ctx, filepath.Join(dir, filepath.Base(s.file)), "-importcert", "-noprompt", "-alias", javaAlias(fingerprint(c.Raw)), "-file", file)
		return err
	})
}

func (s *java) remove(ctx context.Context, j *journal, e Entry, last bool) (exact bool, err error) {
	g := s.guard(j)
	if last {
		if exact, err = g.restore(); err != nil || exact {
			return exact, errors.Join(err, g.forget())
		}
	}
	err = g.change(ctx, func(ctx context.Context, dir string) error {
		out, err := s.run(ctx, filepath.Join(dir, filepath.Base(s.file)), "-delete", "-alias", javaAlias(e.Fingerprint))
		if err != nil && strings.Contains(string(out), "does not exist") {
			return nil
		}
		return err
	})
	if err != nil || !last {
		return false, err
	}
	return false, g.forget()
}

func (s *java) destroy(context.Context, []string) error { return nil }
