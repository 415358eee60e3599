package filesign

import (
	"context"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// Batch signs many files at once.
type Batch struct {
	Job *Job
	// Workers is how many files are in work at once; 0 means enough to keep all
	// cores and the disk busy.
	Workers     int
	StopOnError bool

	octets atomic.Int64 // of files that are done
	files  atomic.Int64
}

// Summary counts what became of the files.
type Summary struct {
	Signed, Already, Failed, NotReached int
}

// Total is the number of files.
func (s Summary) Total() int { return s.Signed + s.Already + s.Failed + s.NotReached }

// OK reports whether every file has its signature.
func (s Summary) OK() bool { return s.Failed+s.NotReached == 0 }

// workers hide the wait for the disk, for a result counts only when it is
// synced: twice the cores was best on ext4 over a virtual disk (1,400 files a
// second; one worker 550, with 16 and more the journal slowed down to 450).
func (b *Batch) workers(files int) int {
	n := b.Workers
	if n <= 0 {
		n = 2 * runtime.GOMAXPROCS(0)
	}
	return max(1, min(n, files))
}

// Run signs the files and reports each, in the order of the list, from one
// goroutine. When ctx ends, or after an error with StopOnError, no further file
// is begun; those in work are finished, and the rest, which is the end of the
// list, is reported as ErrNotReached.
func (b *Batch) Run(ctx context.Context, files []File, report func(Result)) Summary {
	type indexed struct {
		i int
		Result
	}
	var (
		next    atomic.Int64
		stopped atomic.Bool
		group   sync.WaitGroup
	)
	results := make(chan indexed)
	for range b.workers(len(files)) {
		group.Go(func() {
			for ctx.Err() == nil && !stopped.Load() {
				i := int(next.Add(1) - 1)
				if i >= len(files) {
					return
				}
				r := b.Job.Sign(files[i])
				if r.Err != nil && b.StopOnError {
					stopped.Store(true)
				}
				results <- indexed{i, r}
			}
		})
	}
	go func() { group.Wait(); close(results) }()

	var sum Summary
	folders := map[string]bool{}
	early := map[int]Result{}
	reported := 0
	for r := range results {
		b.files.Add(1)
		b.octets.Add(r.File.Size)
		early[r.i] = r.Result
		for {
			r, ok := early[reported]
			if !ok {
				break
			}
			delete(early, reported)
			reported++
			sum.count(r)
			if r.Err == nil && !r.Already {
				folders[filepath.Dir(r.Output)] = true
			}
			report(r)
		}
	}
	for folder := range folders {
		syncFolder(folder)
	}
	for _, f := range files[reported:] {
		r := Result{File: f, Output: b.Job.Output(f), Err: ErrNotReached}
		sum.count(r)
		report(r)
	}
	return sum
}

func (s *Summary) count(r Result) {
	switch {
	case r.Err == ErrNotReached:
		s.NotReached++
	case r.Err != nil:
		s.Failed++
	case r.Already:
		s.Already++
	default:
		s.Signed++
	}
}

// Progress returns how many files are done, and how many octets are read or
// need not be. It may be asked at any time while Run works.
func (b *Batch) Progress() (files int, octets int64) {
	return int(b.files.Load()), max(b.octets.Load(), b.Job.read.Load())
}
