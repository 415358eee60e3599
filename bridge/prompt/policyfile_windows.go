package prompt

import (
	"errors"
	"io/fs"
	"os"
)

var (
	// errNoPolicy: there is no file, and so no robot.
	errNoPolicy = errors.New("robots: no policy file")
	// errPolicyHere: who may write a file is not looked at on Windows yet, and a
	// policy that anybody could have written is none.
	errPolicyHere = errors.New("robots: policy files are not used on Windows")
)

func readPolicy(path string, _ int) ([]rule, error) {
	if _, err := os.Lstat(path); path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, errNoPolicy
	}
	return nil, errPolicyHere
}

func readSecret(string) ([]byte, error) { return nil, errPolicyHere }
