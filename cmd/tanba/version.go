package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/cpu"
)

// Set by the linker (see .ci/version); a plain `go build` takes the commit from
// the build information.
var (
	releaseVersion = "development"
	releaseCommit  = ""
)

func version(c *command, args []string) int {
	if _, code, ok := c.parse(args); !ok {
		return code
	}
	commit := releaseCommit
	if info, ok := debug.ReadBuildInfo(); ok && commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if c.json {
		json.NewEncoder(c.stdout).Encode(map[string]any{
			"version": releaseVersion, "commit": commit, "go": runtime.Version(),
			"system": runtime.GOOS + "/" + runtime.GOARCH, "cpu": cpuFeatures(),
		})
		return exitOK
	}
	fmt.Fprintf(c.stdout, "tanba %s (%s) %s %s/%s cpu: %s\n", releaseVersion, commit, runtime.Version(),
		runtime.GOOS, runtime.GOARCH, strings.Join(cpuFeatures(), " "))
	return exitOK
}

// cpuFeatures lists the processor features that the standard library's and our
// own fast paths choose by.
func cpuFeatures() []string {
	features := []string{}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"adx", cpu.X86.HasADX}, {"bmi2", cpu.X86.HasBMI2}, {"avx2", cpu.X86.HasAVX2},
		{"avx512ifma", cpu.X86.HasAVX512IFMA}, {"avx512vbmi", cpu.X86.HasAVX512VBMI},
		{"asimd", cpu.ARM64.HasASIMD},
	} {
		if f.has {
			features = append(features, f.name)
		}
	}
	return features
}
