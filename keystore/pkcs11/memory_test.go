//go:build linux

package pkcs11_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// pattern is a secret that the memory of this process does not hold: each octet
// is turned round.
type pattern []byte

func patternOf(secret []byte) pattern {
	p := make(pattern, len(secret))
	for i, c := range secret {
		p[i] = ^c
	}
	return p
}

// count looks for the secret in UTF-8, UTF-16LE and UTF-16BE.
func (p pattern) count(memory []byte) (n int) {
	for _, step := range []int{1, 2} {
		first := ^p[0]
		for at := 0; ; at++ {
			next := bytes.IndexByte(memory[at:], first)
			if next < 0 {
				break
			}
			at += next
			if at+step*(len(p)-1) >= len(memory) {
				break
			}
			same := true
			for i := 1; i < len(p) && same; i++ {
				same = memory[at+i*step] == ^p[i] && (step == 1 || memory[at+i*step-1] == 0)
			}
			if same {
				n++
			}
		}
	}
	return n
}

// helper returns the process of tanba-token that this one started last; others
// may still be ending.
func helper(t *testing.T) (last int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // ended
		}
		text := string(data)
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		fields := strings.Fields(text[end+1:])
		pid, _ := strconv.Atoi(text[:open-1])
		if text[open+1:end] == "tanba-token" && fields[1] == strconv.Itoa(os.Getpid()) && fields[0] != "Z" {
			last = max(last, pid)
		}
	}
	if last == 0 {
		t.Fatal("no helper runs")
	}
	return last
}

// inOwnMemory counts the secret in what this process can write.
func (p pattern) inOwnMemory(t *testing.T) int {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	found, read := 0, 0
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || mode[:2] != "rw" || to-from > 1<<30 {
			continue
		}
		region := make([]byte, to-from)
		n, _ := memory.ReadAt(region, int64(from)) // pages that were never used
		found, read = found+p.count(region[:n]), read+n
		clear(region)
	}
	if read == 0 {
		t.Fatal("nothing of the memory was read")
	}
	return found
}

// T21: once the caller has cleared the PIN, this process has no copy of it. (For
// the helper see TestT21PINInMemory.)
func TestT21AgentForgetsThePIN(t *testing.T) {
	s := newSoft(t, "memory", pkcs11.Options{})
	s.withKey(t)
	pin := []byte(softPIN + "-" + rand.Text())
	secret := patternOf(pin)
	if n := secret.inOwnMemory(t); n == 0 {
		t.Fatal("the search does not find what is there")
	}
	store := s.open(t)
	if _, err := store.Unlock(t.Context(), pin); !errors.Is(err, keystore.ErrWrongPassword) {
		t.Fatal(err)
	}
	clear(pin)
	if n := secret.inOwnMemory(t); n > 0 {
		t.Errorf("the agent has the PIN %d times", n)
	}
}

// T21: what the helper gave away when it started.
func TestT21HelperIsStripped(t *testing.T) {
	s := newSoft(t, "stripped", pkcs11.Options{})
	s.open(t)
	pid := helper(t)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Errorf("no_new_privs is not set: %v", err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err == nil {
		for line := range strings.Lines(string(limits)) {
			if strings.HasPrefix(line, "Max core file size") && strings.Fields(line)[4] != "0" {
				t.Errorf("core files: %s", line)
			}
		}
	}
	if os.Geteuid() != 0 {
		return // the rest is hidden from everybody else, as it must be
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || strings.Contains(string(environment), "GOCACHE") || strings.Contains(string(environment), "LD_") {
		t.Errorf("environment %q, %v", environment, err)
	}
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || cwd != "/" {
		t.Errorf("works in %s, %v", cwd, err)
	}
	if input, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", pid)); err != nil || input != os.DevNull {
		t.Errorf("standard input of the library is %s, %v", input, err)
	}
}

// At rest no helper runs: the last one ends when nobody has asked for a while
// and no store is open.
func TestHelperRests(t *testing.T) {
	s := newSoft(t, "rest", pkcs11.Options{Timeouts: pkcs11.Timeouts{Idle: 200 * time.Millisecond, Fresh: -1}})
	store := s.open(t)
	pid := helper(t)
	time.Sleep(time.Second)
	if _, err := store.Token(t.Context()); err != nil || helper(t) != pid {
		t.Errorf("the helper of an open store did not stay: %v", err)
	}
	store.Close()
	patience := within(t)
	for !ended(pid) {
		if patience.Err() != nil {
			t.Fatal("the helper runs on")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if list, err := s.tokens.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("afterwards: %+v, %v", list, err)
	}
}

func ended(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return errors.Is(err, os.ErrNotExist)
}
