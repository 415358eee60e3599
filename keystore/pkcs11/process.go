package pkcs11

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"tanba/keystore/pkcs11/wire"
)

// errHelper says that the helper ended, was ended because it did not answer, or
// cannot be started.
var errHelper = errors.New("pkcs11: tanba-token")

// Two ways in which it fails, to be explained.
var (
	errNoHelper = fmt.Errorf("%w cannot be started", errHelper)
	errHang     = fmt.Errorf("%w: no answer in time", errHelper)
)

// process is one running helper. Calls of several goroutines stand in one
// queue, in the order in which they were written.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	log *slog.Logger

	writing sync.Mutex // held while a frame is written

	mu      sync.Mutex
	waiting []waiter // in the order of their requests
	next    uint32
	failed  error
	watch   *time.Timer // for the first of waiting
	ended   chan struct{}
}

type waiter struct {
	id     uint32
	limit  time.Duration
	answer chan *wire.Reply // of one; nil = failed
}

// helperPath is Options.Helper or what stands beside this program.
func helperPath(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errHelper, err)
	}
	path := filepath.Join(filepath.Dir(self), "tanba-token")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path, nil
}

// startProcess starts a helper for one module; nothing is loaded yet.
func startProcess(helper, module string, environment []string, log *slog.Logger) (*process, error) {
	path, err := helperPath(helper)
	if err != nil {
		return nil, err
	}
	p := &process{log: log, ended: make(chan struct{})}
	p.cmd = exec.Command(path, module)
	p.cmd.Env = append(helperEnvironment(os.Environ()), environment...)
	if runtime.GOOS != "windows" {
		p.cmd.Dir = "/"
	}
	apart(p.cmd)
	var out io.ReadCloser
	if p.in, err = p.cmd.StdinPipe(); err == nil {
		if out, err = p.cmd.StdoutPipe(); err == nil {
			p.cmd.Stderr = &logWriter{log: log}
			// A library may leave a child of its own behind that holds the pipe.
			p.cmd.WaitDelay = time.Second
			err = p.cmd.Start()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoHelper, err)
	}
	p.watch = time.AfterFunc(time.Hour, p.expire)
	p.watch.Stop()
	go p.read(out)
	return p, nil
}

// helperEnvironment keeps what vendors' libraries are known to read, and where
// the person's own files are.
func helperEnvironment(all []string) []string {
	names := []string{
		"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
		"SYSTEMROOT", "WINDIR", "SYSTEMDRIVE", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "COMMONPROGRAMFILES",
		"PKCSLIB", "PKCS11_CARD_DRIVERS",
	}
	prefixes := []string{"LC_", "SOFTHSM", "OPENSC", "OPENCRYPTOKI", "OCK_", "PKCS11_", "P11_KIT", "PCSCLITE", "RTPKCS11", "ETOKEN", "TPM2_", "TANBA_MODULE_"}
	var kept []string
	for _, variable := range all {
		name, _, _ := strings.Cut(variable, "=")
		name = strings.ToUpper(name)
		keep := false
		for _, n := range names {
			keep = keep || n == name
		}
		for _, prefix := range prefixes {
			keep = keep || strings.HasPrefix(name, prefix)
		}
		if keep {
			kept = append(kept, variable)
		}
	}
	return kept
}

// call sends one request and waits for its reply. An error is that of ctx or
// wraps errHelper; what the module says is in the reply. After ctx ended the
// helper still carries out what it was sent.
func (p *process) call(ctx context.Context, q *wire.Request, limit time.Duration) (*wire.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := waiter{limit: limit, answer: make(chan *wire.Reply, 1)}
	p.writing.Lock()
	p.mu.Lock()
	if p.failed != nil {
		p.mu.Unlock()
		p.writing.Unlock()
		return nil, p.failed
	}
	p.next++
	w.id = p.next
	q.ID = w.id
	p.waiting = append(p.waiting, w)
	if len(p.waiting) == 1 {
		p.watch.Reset(limit)
	}
	p.mu.Unlock()
	frame := q.Append(make([]byte, 0, 256+len(q.Data)))
	_, err := p.in.Write(frame)
	clear(frame[:cap(frame)]) // it may hold a PIN
	p.writing.Unlock()
	if err != nil {
		p.fail(fmt.Errorf("%w ended", errHelper))
	}
	select {
	case r := <-w.answer:
		if r == nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			return nil, p.failed
		}
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read hands out replies until the helper ends.
func (p *process) read(out io.Reader) {
	in := bufio.NewReader(out)
	var broken error
	for broken == nil {
		var body []byte
		if body, broken = wire.ReadFrame(in); broken != nil {
			break
		}
		var r *wire.Reply
		if r, broken = wire.ParseReply(body); broken == nil {
			broken = p.deliver(r)
		}
	}
	if !errors.Is(broken, io.EOF) {
		p.cmd.Process.Kill()
	}
	err := p.cmd.Wait()
	p.fail(fmt.Errorf("%w ended: %v", errHelper, errors.Join(err, ignoreEOF(broken))))
	close(p.ended)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (p *process) deliver(r *wire.Reply) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 || p.waiting[0].id != r.ID {
		return wire.ErrFrame
	}
	p.waiting[0].answer <- r
	p.waiting = p.waiting[1:]
	// The time of a request counts from the moment it is the first.
	if len(p.waiting) > 0 {
		p.watch.Reset(p.waiting[0].limit)
	} else {
		p.watch.Stop()
	}
	return nil
}

// expire ends a helper that did not answer the first request in time.
func (p *process) expire() {
	p.mu.Lock()
	idle := len(p.waiting) == 0
	p.mu.Unlock()
	if idle {
		return
	}
	p.log.Warn("tanba-token did not answer in time and is ended", "pid", p.cmd.Process.Pid)
	p.fail(errHang)
	p.cmd.Process.Kill()
}

func (p *process) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = err
	}
	for _, w := range p.waiting {
		w.answer <- nil
	}
	p.waiting = nil
	p.watch.Stop()
}

func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed == nil
}

// close lets the helper end properly and waits for it, a few seconds at most.
func (p *process) close() {
	p.fail(fmt.Errorf("%w was ended", errHelper))
	p.in.Close()
	select {
	case <-p.ended:
	case <-time.After(4 * time.Second): // twice what it gives C_Finalize
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// logWriter puts what a library prints into the log, line by line and not
// without end.
type logWriter struct {
	log   *slog.Logger
	lines int
}

func (w *logWriter) Write(text []byte) (int, error) {
	const most = 200
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || w.lines > most {
			continue
		}
		if w.lines++; w.lines > most {
			w.log.Debug("tanba-token: the rest of its messages is left out")
			continue
		}
		w.log.Debug("tanba-token", "says", line[:min(len(line), 300)])
	}
	return len(text), nil
}
