package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tanba/internal/doctor"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/internal/testpcsc"
)

// TestDoctorEachFault: the faults of product.md §3, brought about one by one on an
// installed Tanba. Exactly that one is named, and mended where a program may do it.
func TestDoctorEachFault(t *testing.T) {
	p := installPatient(t)
	p.well(t)
	// What every client asks first is no fault.
	ask(t, p.dial(t, "https://egov.kz"), `{"module":"kz.digiflow.mobile.extensions","method":"getVersion"}`)
	p.well(t)

	t.Run("1 not running", func(t *testing.T) {
		p.killAgent(t)
		p.names(t, doctor.NotRunning, "installed and not running", "tanba start")
		p.mend(t)
	})
	t.Run("2 NCALayer on the port", func(t *testing.T) {
		p.killAgent(t)
		entry := p.place(t, ".config/autostart/ncalayer.desktop", "[Desktop Entry]\nType=Application\nExec=java -jar ncalayer.jar\n")
		ended := p.occupy(t, "ncalayer.jar")
		p.names(t, doctor.PortTaken, "held by NCALayer", entry)
		if faults := p.faults(t, "--fix"); len(faults) != 1 { // nobody agreed
			t.Errorf("another's program was stopped unasked: %+v", faults)
		}
		p.mend(t)
		<-ended
	})
	t.Run("2 another Java program on the port", func(t *testing.T) {
		p.killAgent(t)
		ended := p.occupy(t, "server.jar")
		if f := p.names(t, doctor.PortTaken, "java server.jar"); strings.Contains(f.Title+f.Fix, "NCALayer") {
			t.Errorf("taken for NCALayer: %s %s", f.Title, f.Fix)
		}
		p.mend(t)
		<-ended
	})
	t.Run("3 not trusted", func(t *testing.T) {
		p.killAgent(t) // it would put the root back by itself
		p.settle(t, settings.Settings{Trust: "off"})
		p.must("start")
		database := chromiumNSS(p.Home)
		for line := range strings.Lines(nssContent(t, database)) {
			if i := strings.Index(line, "  "); strings.HasPrefix(line, "Tanba") && i > 0 {
				if out, err := exec.Command("certutil", "-d", "sql:"+database, "-D", "-n", line[:i]).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
		}
		p.names(t, doctor.NotTrusted, database)
		p.mend(t)
	})
	t.Run("4 local network access denied", func(t *testing.T) {
		file := p.place(t, ".config/chromium/Default/Preferences",
			`{"profile":{"content_settings":{"exceptions":{"loopback_network":{"https://egov.kz:443,*":{"last_modified":"13","setting":2}}}}}}`)
		if f := p.names(t, doctor.LNABlocked, "https://egov.kz"); f.Fixable {
			t.Error("what the person denied is the person's to allow")
		}
		os.Remove(file)
		p.well(t)
	})
	t.Run("5 an extension", func(t *testing.T) {
		file := p.place(t, ".config/chromium/Default/Extensions/abcdefgh/2.1_0/manifest.json", `{"manifest_version":3,"name":"Doodocs Sign","version":"2.1"}`)
		p.names(t, doctor.Extension, "Doodocs Sign")
		os.Remove(file)
		p.well(t)
	})
	t.Run("6 wrong clock", func(t *testing.T) {
		if err := (&doctor.Observer{Dir: state.Dir(p.State)}).Clock("http://tsp.pki.gov.kz:80", 90*time.Minute, true); err != nil {
			t.Fatal(err)
		}
		p.names(t, doctor.ClockWrong, "slow by 1h30m0s")
		called := filepath.Join(p.tools, "called")
		p.tool(t, "timedatectl", `echo "$@" > `+called)
		p.mend(t)
		if words, err := os.ReadFile(called); err != nil || string(words) != "set-ntp true\n" {
			t.Errorf("timedatectl %s, %v", words, err)
		}
	})
	t.Run("7 no card service", func(t *testing.T) {
		readers := testpcsc.Start(t)
		socket := filepath.Join(t.TempDir(), "comm")
		before := p.env
		p.env = append(p.env, "PCSCLITE_CSOCK_NAME="+socket)
		defer func() { p.env = before }()
		p.settle(t, settings.Settings{Modules: []settings.Module{{Path: p.program}}})
		p.names(t, doctor.TokenStack, "pcscd")
		p.tool(t, "systemctl", `test "$*" = "start pcscd.socket" && ln -s '`+readers.Socket+`' '`+socket+`'`)
		p.mend(t)
	})
	t.Run("7 a module that is gone", func(t *testing.T) {
		p.settle(t, settings.Settings{Modules: []settings.Module{{Path: "/opt/vendor/libtoken.so"}}})
		readers := testpcsc.Start(t)
		before := p.env
		p.env = append(p.env, "PCSCLITE_CSOCK_NAME="+readers.Socket)
		defer func() { p.env = before }()
		p.names(t, doctor.TokenStack, "/opt/vendor/libtoken.so")
	})
	t.Run("8 unknown module", func(t *testing.T) {
		ask(t, p.dial(t, "https://zakup.sk.kz"), `{"module":"kz.sapa.eproc.osgi.EprocModule","method":"version"}`)
		p.namesSoon(t, doctor.NoModule, "kz.sapa.eproc.osgi.EprocModule", "https://zakup.sk.kz")
		p.mend(t)
	})
	t.Run("9 settings", func(t *testing.T) {
		dir := state.Dir(p.State)
		if err := dir.Write([]byte(`{"version":1,"colour":"blue"}`), settings.File); err != nil {
			t.Fatal(err)
		}
		p.names(t, doctor.Settings, "colour")
		dir.Remove(settings.File)
		p.well(t)
	})
}

// TestT24Bundle: what goes to a support desk holds nothing of the person, and the
// person has seen it word for word before it is written.
func TestT24Bundle(t *testing.T) {
	p := installPatient(t)
	const iin = "840101300123"
	canaries := map[string]string{
		"home folder": p.Home, "phrase": "синий тюлень", "password": "s3cret-of-the-proxy", "proxy user": "b.serikov",
		"token label": "Серіков Болат", "key folder": "/media/flash/keys", "IIN": iin,
	}
	p.settle(t, settings.Settings{
		Phrase: canaries["phrase"], Proxy: "http://b.serikov:s3cret-of-the-proxy@proxy.example:3128",
		OCSP: "http://b.serikov@ocsp.example/", TSA: []string{"http://x:s3cret-of-the-proxy@tsp.example"},
		KeyFolders: []string{canaries["key folder"]}, TokenStorages: map[string]string{canaries["token label"]: "AKKaztokenStore"},
		Modules: []settings.Module{{Path: filepath.Join(p.Home, "lib", "module.so"), Token: canaries["token label"]}},
	})
	if err := (&doctor.Observer{Dir: state.Dir(p.State)}).Module("kz."+iin+".sign", "https://egov.kz"); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(p.Home, "bundle.txt")
	shown, _ := p.runToEnd(t, p.program, "doctor", "--bundle", bundle, "--state", p.State, "--lang", "en")
	if _, err := os.Stat(bundle); err == nil {
		t.Fatal("written although nobody agreed")
	}
	cmd := p.command(p.program, "doctor", "--bundle", bundle, "--yes", "--state", p.State, "--lang", "en")
	out, _ := cmd.Output()
	text, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out, text) {
		t.Errorf("what was shown:\n%s\nwhat was written:\n%s", out, text)
	}
	for _, must := range []string{"NO_MODULE: FAULT", "TOKEN_STACK: FAULT", "proxy.example", "store chromium ~/.pki/nssdb: present true"} {
		if !strings.Contains(string(text), must) {
			t.Errorf("%q is not told:\n%s", must, text)
		}
	}
	for what, canary := range canaries {
		// The question and the findings on the person's own screen name paths.
		if secret := what == "phrase" || what == "password"; bytes.Contains(text, []byte(canary)) || secret && strings.Contains(shown, canary) {
			t.Errorf("the %s is told: %s\n%s", what, canary, text)
		}
	}
	if fi, err := os.Stat(bundle); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", fi.Mode(), err)
	}
}
