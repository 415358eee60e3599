package testpcsc

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// init runs the process inside instead of the tests.
func init() {
	root := os.Getenv(variable)
	if root == "" {
		return
	}
	runtime.LockOSThread() // Pdeathsig of pcscd
	if err := serve(root); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs pcscd and carries out the commands on its standard input until
// that ends.
func serve(root string) error {
	if err := raiseLoopback(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	cmd := exec.Command(daemon, "--foreground", "--critical")
	if help, _ := exec.Command(daemon, "--help").CombinedOutput(); strings.Contains(string(help), "--disable-polkit") {
		cmd.Args = append(cmd.Args, "--disable-polkit") // there is none to be asked
	}
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	if err := reachable("unix", filepath.Join(root, "run", "pcscd", "pcscd.comm")); err != nil {
		return err
	}
	fmt.Println("ready", cmd.Process.Pid)
	var slots [2]net.Conn
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := carryOut(&slots, strings.Fields(in.Text())); err != nil {
			fmt.Println("error", err)
		} else {
			fmt.Println("ok")
		}
	}
	return nil
}

func carryOut(slots *[2]net.Conn, command []string) error {
	if len(command) < 2 {
		return errors.New("not a command")
	}
	n, err := strconv.Atoi(command[1])
	if err != nil || n < 0 || n >= len(slots) {
		return fmt.Errorf("no reader %s", command[1])
	}
	if slots[n] != nil {
		slots[n].Close()
		slots[n] = nil
	}
	if command[0] == "remove" {
		return nil
	}
	atr, err := hex.DecodeString(command[2])
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(35963+n)))
	if err != nil {
		return err
	}
	slots[n] = c
	go card(c, atr)
	return nil
}

func reachable(network, address string) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial(network, address)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}
