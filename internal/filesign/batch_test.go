package filesign_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/filesign"
)

// acts makes a folder with n files.
func acts(t testing.TB, dir string, n, size int) string {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("%02d/act-%05d.pdf", i%7, i)
		file(t, strings.Repeat("x", size)+name, dir, filepath.FromSlash(name))
	}
	return dir
}

func run(b *filesign.Batch, ctx context.Context, files []filesign.File) (filesign.Summary, []filesign.Result) {
	var got []filesign.Result
	sum := b.Run(ctx, files, func(r filesign.Result) { got = append(got, r) })
	return sum, got
}

func TestBatchKeepsOrderAndGoesOn(t *testing.T) {
	dir := acts(t, t.TempDir(), 100, 100)
	out := filepath.Join(t.TempDir(), "not", "there", "yet")
	j := job(t)
	j.OutDir = out
	files := filesign.Expand([]string{dir})
	file(t, "precious", out, files[50].Name+".cms")
	if err := os.Remove(files[70].Path); err != nil {
		t.Fatal(err)
	}
	b := &filesign.Batch{Job: j}
	sum, got := run(b, t.Context(), files)
	if sum != (filesign.Summary{Signed: 98, Failed: 2}) || sum.OK() || sum.Total() != 100 {
		t.Errorf("%+v", sum)
	}
	for i, r := range got {
		if r.File != files[i] {
			t.Fatalf("result %d is of %s, want %s", i, r.File.Path, files[i].Path)
		}
		switch {
		case i == 50 && errors.Is(r.Err, filesign.ErrExists), i == 70 && errors.Is(r.Err, fs.ErrNotExist):
		case i == 50, i == 70, r.Err != nil:
			t.Errorf("%s: %v", r.File.Path, r.Err)
		case r.Output != filepath.Join(out, r.File.Name+".cms"):
			t.Errorf("output %s", r.Output)
		}
	}
	if n, octets := b.Progress(); n != 100 || octets < 10000 {
		t.Errorf("progress %d, %d", n, octets)
	}

	// The second run does what is missing.
	file(t, "again", files[70].Path)
	if sum, _ := run(&filesign.Batch{Job: j}, t.Context(), files); sum != (filesign.Summary{Signed: 1, Already: 98, Failed: 1}) {
		t.Errorf("second run: %+v", sum)
	}
}

func TestBatchStopsOnError(t *testing.T) {
	dir := acts(t, t.TempDir(), 200, 10)
	files := filesign.Expand([]string{dir})
	file(t, "precious", files[20].Path+".cms")
	sum, got := run(&filesign.Batch{Job: job(t), Workers: 2, StopOnError: true}, t.Context(), files)
	if sum.Failed != 1 || sum.Signed < 20 || sum.NotReached < 100 || sum.Total() != 200 || sum.OK() {
		t.Errorf("%+v", sum)
	}
	after := false
	for i, r := range got {
		if r.File != files[i] {
			t.Fatalf("result %d is of %s", i, r.File.Path)
		}
		unreached := errors.Is(r.Err, filesign.ErrNotReached)
		if after && !unreached {
			t.Errorf("%s: signed behind one that was not reached", r.File.Path)
		}
		after = after || unreached
		if _, err := os.Lstat(r.Output); (err == nil) == unreached {
			t.Errorf("%s: not reached %v, yet the output says %v", r.File.Path, unreached, err)
		}
	}
}

func TestBatchIsInterrupted(t *testing.T) {
	files := filesign.Expand([]string{acts(t, t.TempDir(), 300, 10)})
	ctx, cancel := context.WithCancel(t.Context())
	reported := 0
	sum := (&filesign.Batch{Job: job(t), Workers: 3}).Run(ctx, files, func(r filesign.Result) {
		if reported++; reported == 10 {
			cancel()
		}
		if _, err := os.Lstat(r.Output); (err == nil) != (r.Err == nil) {
			t.Errorf("%s: reported %v, the output says %v", r.File.Path, r.Err, err)
		}
	})
	if sum.Failed != 0 || sum.Signed < 10 || sum.NotReached == 0 || sum.Total() != 300 || reported != 300 {
		t.Errorf("%+v, %d reported", sum, reported)
	}
}

// Two runs over the same files: each file gets one signature, nobody fails.
func TestTwoRunsAtOnce(t *testing.T) {
	files := filesign.Expand([]string{acts(t, t.TempDir(), 100, 1000)})
	j := job(t)
	sums := make(chan filesign.Summary)
	for range 2 {
		go func() {
			sum := (&filesign.Batch{Job: j, Workers: 4}).Run(t.Context(), files, func(r filesign.Result) {
				if r.Err != nil {
					t.Error(r.Err)
				}
			})
			sums <- sum
		}()
	}
	a, b := <-sums, <-sums
	if a.Signed+b.Signed != 100 || a.Already+b.Already != 100 {
		t.Errorf("%+v and %+v", a, b)
	}
}

// BenchmarkFolder signs 10,000 files of 10 KB a round; TMPDIR says where.
func BenchmarkFolder(b *testing.B) {
	for _, detached := range []bool{true, false} {
		b.Run(map[bool]string{true: "detached", false: "attached"}[detached], func(b *testing.B) {
			const n = 10000
			files := filesign.Expand([]string{acts(b, b.TempDir(), n, 10<<10)})
			j := job(b)
			j.Detached = detached
			var spent time.Duration
			for i := 0; b.Loop(); i++ {
				j.OutDir = filepath.Join(b.TempDir(), "out")
				start := time.Now()
				if sum, _ := run(&filesign.Batch{Job: j}, b.Context(), files); sum.Signed != n {
					b.Fatalf("%+v", sum)
				}
				spent += time.Since(start)
			}
			b.ReportMetric(float64(n*b.N)/spent.Seconds(), "files/s")
		})
	}
}
