package filesign

import (
	"fmt"
	"path/filepath"
)

// Collision is two files of which at most one can get its output.
type Collision struct {
	First, Second File // in the order of the list
	Output        string
}

func (c Collision) Error() string {
	return fmt.Sprintf("filesign: %s and %s would both be written to %s", c.First.Path, c.Second.Path, c.Output)
}

// Collisions finds files with the same output, and files whose output would
// stand where another one needs a folder. It looks at names only.
func (j *Job) Collisions(files []File) []Collision {
	var found []Collision
	outputs := make(map[string]int, len(files))
	id := func(path string) string {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		return fold(path)
	}
	ids := make([]string, len(files))
	for i, f := range files {
		if f.Err != nil {
			continue
		}
		ids[i] = id(j.Output(f))
		if first, taken := outputs[ids[i]]; taken {
			found = append(found, Collision{files[first], f, j.Output(f)})
			continue
		}
		outputs[ids[i]] = i
	}
	if j.OutDir == "" { // beside the inputs all folders are there already
		return found
	}
	top := id(j.OutDir)
	for i, f := range files {
		if f.Err != nil {
			continue
		}
		for folder := filepath.Dir(ids[i]); len(folder) > len(top); folder = filepath.Dir(folder) {
			if other, taken := outputs[folder]; taken {
				a, b := min(i, other), max(i, other)
				found = append(found, Collision{files[a], files[b], j.Output(files[other])})
			}
		}
	}
	return found
}
