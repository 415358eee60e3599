//go:build windows

package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// supervised: nothing supervises a person's programs on Windows.
func supervised(*Options) backend { return nil }

// runKey is a value under the Run key: Windows starts it at logon. kardianos
// knows the services of session 0 only, which can show no window.
type runKey struct{ o *Options }

const runPath = `Software\Microsoft\Windows\CurrentVersion\Run`

const runName = "Tanba"

func (r *runKey) entries() []Entry {
	words := []string{r.o.Program}
	words = append(words, r.o.Args...)
	for i, w := range words {
		words[i] = syscall.EscapeArg(w)
	}
	root := `HKCU\`
	if r.o.Machine {
		root = `HKLM\`
	}
	return []Entry{{Path: root + runPath + `\` + runName, Text: strings.Join(words, " ")}}
}

func (r *runKey) packaged() string {
	e := Entry{Path: `HKLM\` + runPath + `\` + runName}
	if registryHas(e) {
		return e.Path
	}
	return ""
}

func (r *runKey) install(context.Context) error {
	e := r.entries()[0]
	key, _, err := registry.CreateKey(root(e.Path), runPath, registry.SET_VALUE)
	if err != nil {
		return r.error(err)
	}
	defer key.Close()
	return r.error(key.SetStringValue(runName, e.Text))
}

func (r *runKey) remove(context.Context) error {
	key, err := registry.OpenKey(root(r.entries()[0].Path), runPath, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return r.error(err)
	}
	defer key.Close()
	if err := key.DeleteValue(runName); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return r.error(err)
	}
	return nil
}

func (r *runKey) error(err error) error {
	switch {
	case err == nil:
		return nil
	case r.o.Machine && errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return ErrNeedAdmin
	}
	return fmt.Errorf("service: %w", err)
}

func (r *runKey) start(ctx context.Context) error { return spawn(ctx, r.o) }
func (r *runKey) stop(ctx context.Context) error  { return Terminate(ctx, r.o.State) }
func (r *runKey) running(context.Context) (bool, error) {
	_, up := Find(r.o.State)
	return up, nil
}

func root(path string) registry.Key {
	if strings.HasPrefix(path, `HKLM\`) {
		return registry.LOCAL_MACHINE
	}
	return registry.CURRENT_USER
}

func registryValue(e Entry) (string, bool) {
	key, err := registry.OpenKey(root(e.Path), runPath, registry.QUERY_VALUE)
	if err != nil {
		return "", false
	}
	defer key.Close()
	text, _, err := key.GetStringValue(runName)
	return text, err == nil
}

func registryHas(e Entry) bool {
	_, ok := registryValue(e)
	return ok
}

func registryEquals(e Entry) bool {
	text, ok := registryValue(e)
	return ok && text == e.Text
}

// detach keeps the agent from having a console window and from sharing ours.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS, HideWindow: true,
	}
}

func alive(pid int) bool {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	event, err := windows.WaitForSingleObject(h, 0)
	return err == nil && event == uint32(windows.WAIT_TIMEOUT)
}

// Windows has no signal that a program without a console could be sent, so the
// agent waits for an event of its session, named after its process.
func eventName(pid int) (*uint16, error) {
	return windows.UTF16PtrFromString(`Local\tanba-stop-` + strconv.Itoa(pid))
}

func ask(pid int) error {
	name, err := eventName(pid)
	if err != nil {
		return err
	}
	h, err := windows.OpenEvent(windows.EVENT_MODIFY_STATE, false, name)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.SetEvent(h)
}

// StopRequests is closed when another process of this person asks the agent to
// end. The default DACL of an event admits its owner and the system.
func StopRequests(ctx context.Context) <-chan struct{} {
	name, err := eventName(int(windows.GetCurrentProcessId()))
	if err != nil {
		return nil
	}
	h, err := windows.CreateEvent(nil, 1, 0, name)
	if err != nil {
		return nil
	}
	asked := make(chan struct{})
	context.AfterFunc(ctx, func() { windows.SetEvent(h) })
	go func() {
		windows.WaitForSingleObject(h, windows.INFINITE)
		close(asked)
	}()
	return asked
}
