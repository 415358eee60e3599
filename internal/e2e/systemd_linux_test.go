package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/installer/service"
	"tanba/internal/testdata"
)

// TestSystemdUser is the life of an installed bridge under a real systemd that
// manages a real person's session: install, browser connects, crash, stop, a
// newer version over it, logout and login, uninstall; then the same for everybody
// by an administrator. Files are compared octet for octet.
//
// It needs root and a machine on which systemd can be booted in a container of
// namespaces. Where that cannot be, the unit is verified and the agent is started
// exactly as the unit says, and the test says aloud that this is all it did.
func TestSystemdUser(t *testing.T) {
	if testing.Short() {
		t.Skip("boots a Debian")
	}
	work := t.TempDir()
	buildStatic(t, filepath.Join(work, "tanba"), "tanba/cmd/tanba")
	buildStatic(t, filepath.Join(work, "prober"), "tanba/internal/e2e/testdata/prober")
	if err := os.Chmod(work, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := bootDebian(t, work)
	if err != nil {
		t.Logf("NOT RUN UNDER A REAL systemd: %v", err)
		fmt.Fprintf(os.Stderr, "TestSystemdUser: NOT RUN UNDER A REAL systemd: %v\n", err)
		startAsTheUnitSays(t, filepath.Join(work, "tanba"))
		return
	}
	t.Run("person", c.person)
	t.Run("machine", c.machine)
	t.Run("system store", c.systemStore)
}

// buildStatic builds what runs on another Debian than ours.
func buildStatic(t *testing.T, to, pkg string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
}

// debian is a booted system.
type debian struct {
	leader string // process id of its systemd
}

// bootDebian boots the Debian of the cache, made once by debootstrap (a minute
// and 300 MB), with a writable layer that goes with it. work is its /srv.
func bootDebian(t *testing.T, work string) (*debian, error) {
	t.Helper()
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, tool+" (debootstrap, systemd-container, util-linux)")
		}
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("not root")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	root := filepath.Join(cache, "tanba-build", "bookworm-user")
	if _, err := os.Stat(root); err != nil {
		fresh := root + ".new"
		if err := os.RemoveAll(fresh); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "debootstrap", "--variant=minbase",
			"--include=systemd,systemd-sysv,dbus,libpam-systemd,ca-certificates,iproute2,libnss3-tools", "bookworm", fresh)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("debootstrap: %w: %s", err, lastLine(out))
		}
		if err := os.Rename(fresh, root); err != nil {
			return nil, err
		}
	}
	var log lockedBuffer
	cmd := exec.Command("systemd-nspawn", "--register=no", "--keep-unit", "--private-network", "--volatile=overlay",
		"--bind-ro="+work+":/srv", "-D", root, "-b", "--console=pipe")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	c := &debian{}
	t.Cleanup(func() {
		if c.leader != "" {
			exec.Command("nsenter", "-t", c.leader, "-a", "systemctl", "poweroff").Run()
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
	})
	children := fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			return nil, fmt.Errorf("systemd-nspawn ended: %s", lastLine([]byte(log.String())))
		default:
		}
		if data, err := os.ReadFile(children); err == nil && len(bytes.TrimSpace(data)) > 0 {
			leader := strings.Fields(string(data))[0]
			out, _ := exec.Command("nsenter", "-t", leader, "-a", "systemctl", "is-system-running").Output()
			if s := strings.TrimSpace(string(out)); s == "running" || s == "degraded" {
				c.leader = leader
				break
			}
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			return nil, fmt.Errorf("systemd did not come up within a minute: %s", lastLine([]byte(log.String())))
		}
	}
	c.root(t, "ip link set lo up")
	for _, user := range []string{"alice", "bob"} {
		c.root(t, "useradd -m -s /bin/sh "+user)
	}
	return c, nil
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

// try runs a shell command as root.
func (c *debian) try(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nsenter", "-t", c.leader, "-a", "sh", "-c", command).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *debian) root(t *testing.T, command string) string {
	t.Helper()
	out, err := c.try(command)
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out
}

// as runs a shell command in a person's session and returns its status.
func (c *debian) as(user, command string) (string, int) {
	script := "export XDG_RUNTIME_DIR=/run/user/$(id -u) LANG=en_US.UTF-8; " + command
	out, err := c.try("su - " + user + " -c '" + script + "'")
	if exit, ok := err.(*exec.ExitError); ok {
		return out, exit.ExitCode()
	} else if err != nil {
		return err.Error(), -1
	}
	return out, 0
}

func (c *debian) want(t *testing.T, user, command string, status int) string {
	t.Helper()
	out, got := c.as(user, command)
	if got != status {
		t.Errorf("%s: status %d, want %d\n%s", command, got, status, out)
	}
	return out
}

// login starts a person's systemd, as logging in does; logout ends all of it.
func (c *debian) login(t *testing.T, user string) {
	t.Helper()
	c.root(t, "loginctl enable-linger "+user)
	c.await(t, "login of "+user, func() bool {
		out, _ := c.as(user, "systemctl --user is-system-running")
		return out == "running" || out == "degraded"
	})
}

func (c *debian) logout(t *testing.T, user string) {
	t.Helper()
	c.root(t, "loginctl disable-linger "+user+"; loginctl terminate-user "+user)
	c.await(t, "logout of "+user, func() bool {
		_, err := c.try("pgrep -u " + user)
		return err != nil
	})
}

func (c *debian) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen within 30 s", what)
		}
	}
}

func (c *debian) awaitGreeting(t *testing.T, user string) {
	t.Helper()
	said := ""
	defer func() {
		if t.Failed() {
			out, _ := c.as(user, "systemctl --user status --no-pager -l tanba; journalctl --user --no-pager -n 20")
			t.Logf("%s\n%s", said, out)
		}
	}()
	c.await(t, "a greeting for "+user, func() bool {
		said, _ = c.as(user, "/srv/prober .local/state/tanba/tls/ca.pem")
		return said == greeting
	})
}

// manifest is every file, folder and link below the places, with what is in them.
func (c *debian) manifest(t *testing.T, places string) string {
	t.Helper()
	return c.root(t, "find "+places+` \( -type f -printf "%p %m " -exec sha256sum {} \; \) -o -printf "%p %m %l\n" | sed "s|/proc/self/fd/[0-9]*||" | sort`)
}

func (c *debian) pid(user string) string {
	out, _ := c.as(user, "systemctl --user show -p MainPID --value tanba")
	return out
}

func (c *debian) person(t *testing.T) {
	before := c.manifest(t, "/home/alice")
	c.login(t, "alice")
	c.want(t, "alice", "/srv/tanba status", 3)
	c.want(t, "alice", "/srv/tanba start", 3)
	out := c.want(t, "alice", "/srv/tanba install --yes", 0)
	for _, said := range []string{"/home/alice/.config/systemd/user/tanba.service", "certificate added", "checked: a browser with this store can connect"} {
		if !strings.Contains(out, said) {
			t.Errorf("install did not say %q:\n%s", said, out)
		}
	}
	c.awaitGreeting(t, "alice")
	if out := c.want(t, "alice", "systemctl --user is-enabled tanba; .local/bin/tanba status", 0); !strings.Contains(out, "enabled") || !strings.Contains(out, "13579") {
		t.Error(out)
	}
	if out, status := c.as("bob", "/srv/prober /home/alice/.local/state/tanba/tls/ca.pem"); status == 0 {
		t.Errorf("another user got %s", out) // T5
	}

	crashed := c.pid("alice")
	c.want(t, "alice", "kill -KILL "+crashed, 0)
	c.awaitGreeting(t, "alice")
	if now := c.pid("alice"); now == crashed {
		t.Error("the same process after SIGKILL")
	}

	c.want(t, "alice", ".local/bin/tanba stop", 0) // korea-agents: stop means stopped
	time.Sleep(3 * time.Second)                    // thrice RestartSec
	c.want(t, "alice", ".local/bin/tanba status", 4)
	c.want(t, "alice", ".local/bin/tanba stop", 4)
	c.want(t, "alice", ".local/bin/tanba start", 0)
	c.want(t, "alice", ".local/bin/tanba restart", 0)

	// A newer version is installed over the running one.
	old := c.pid("alice")
	c.root(t, "cp /srv/tanba /home/alice/newer; echo newer >>/home/alice/newer; chown alice /home/alice/newer")
	if out := c.want(t, "alice", "./newer install --yes", 0); !strings.Contains(out, "changes the file and keeps the old one: /home/alice/.local/bin/tanba") {
		t.Error(out)
	}
	c.awaitGreeting(t, "alice")
	if c.pid("alice") == old {
		t.Error("the older version still runs")
	}
	c.want(t, "alice", "cmp newer .local/bin/tanba && rm newer", 0)

	c.logout(t, "alice")
	c.login(t, "alice")
	c.awaitGreeting(t, "alice") // nobody has started anything

	c.want(t, "alice", ".local/bin/tanba uninstall", 0)
	c.want(t, "alice", "/srv/tanba uninstall", 3)
	c.logout(t, "alice")
	if after := c.manifest(t, "/home/alice"); after != before {
		t.Errorf("after uninstall\n%s\nbefore\n%s", after, before)
	}
}

func (c *debian) machine(t *testing.T) {
	c.root(t, "rm -rf /var/lib/tanba")
	before := c.manifest(t, "/etc /usr/local /home")
	c.want(t, "bob", "/srv/tanba install --machine --yes", 1) // he is no administrator
	c.logout(t, "bob")
	c.root(t, "/srv/tanba install --machine --yes --lang en --enterprise --portal https://portal.example")
	if out := c.root(t, "cat /etc/tanba/settings.json /etc/chromium/policies/managed/tanba.json"); !strings.Contains(out, `"trust": "always"`) || !strings.Contains(out, "https://portal.example") {
		t.Error(out)
	}
	c.login(t, "bob")
	c.awaitGreeting(t, "bob") // without anything done by him
	c.await(t, "trust for bob", func() bool {
		_, status := c.as("bob", "tanba trust status")
		return status == 0
	})
	c.want(t, "bob", "tanba stop && tanba uninstall", 0)
	c.logout(t, "bob")
	c.root(t, "tanba uninstall --machine")
	if after := c.manifest(t, "/etc /usr/local /home"); after != before {
		t.Errorf("after uninstall\n%s\nbefore\n%s", difference(after, before), difference(before, after))
	}
	if _, err := c.try("ls /var/lib/tanba"); err == nil {
		t.Error("/var/lib/tanba is left")
	}
}

// systemStore: what update-ca-certificates makes is as before, octet for octet.
func (c *debian) systemStore(t *testing.T) {
	const places = "/etc/ssl /usr/local/share/ca-certificates /etc/ca-certificates.conf"
	before := c.manifest(t, places)
	c.root(t, "HOME=/root /srv/tanba trust install --system --yes")
	if c.manifest(t, places) == before {
		t.Error("nothing was added")
	}
	c.root(t, "HOME=/root /srv/tanba trust remove")
	if after := c.manifest(t, places); after != before {
		t.Errorf("after removal\n%s\nbefore\n%s", difference(after, before), difference(before, after))
	}
}

// difference is the lines of a that b lacks.
func difference(a, b string) string {
	has := map[string]bool{}
	for _, l := range strings.Split(b, "\n") {
		has[l] = true
	}
	var only []string
	for _, l := range strings.Split(a, "\n") {
		if !has[l] {
			only = append(only, l)
		}
	}
	return strings.Join(only, "\n")
}

// startAsTheUnitSays starts the agent with the command line and the file mode
// mask of the unit, and ends it as systemd would.
func startAsTheUnitSays(t *testing.T, program string) {
	t.Helper()
	b := newBridge(t, freePort(t))
	unit := service.Unit(program, "serve", "--state", b.State, "--port", fmt.Sprint(b.port))
	_, line, _ := strings.Cut(unit, "ExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	b.cmd = b.command("sh", "-c", "umask 0077; ulimit -c 0; exec "+line)
	b.cmd.Stdout, b.cmd.Stderr = &b.log, &b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.cmd.Wait() }()
	if err := b.awaitGreeting(20 * time.Second); err != nil {
		b.cmd.Process.Kill()
		t.Fatalf("%v\n%s", err, b.log.String())
	}
	b.stop(t)
}
