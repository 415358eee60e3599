package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"tanba/bridge"
	"tanba/bridge/pages"
	"tanba/installer/install"
	"tanba/installer/service"
	"tanba/installer/trust"
	"tanba/internal/doctor"
	"tanba/internal/i18n"
	"tanba/internal/localca"
	"tanba/internal/pcsc"
	"tanba/internal/peer"
	"tanba/internal/settings"
	"tanba/internal/state"
)

func doctorVerb(c *command, args []string) int {
	fix := c.flags.Bool("fix", false, "")
	yes := c.flags.Bool("yes", false, "")
	bundle := c.flags.String("bundle", "", "")
	words, code, ok := c.parse(args)
	switch {
	case !ok:
		return code
	case len(words) > 0:
		return c.usageError(words[0])
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("cli.cannot_start", err)
		return exitError
	}
	o := c.doctorOptions(dir)
	o.Stop = c.stopHolder(o.Port, *yes)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	findings := doctor.Run(ctx, o)
	if *fix && c.fixFaults(ctx, doctor.Faults(findings)) {
		findings = doctor.Run(ctx, o)
	}
	c.reportFindings(findings)
	if *bundle != "" {
		if err := c.writeBundle(*bundle, bundleText(ctx, dir, findings), *yes); err != nil {
			c.fail("cli.life.failed", err.Error())
			return exitError
		}
	}
	if len(doctor.Faults(findings)) > 0 {
		return exitError
	}
	return exitOK
}

// doctorOptions looks at this machine.
func (c *command) doctorOptions(dir state.Dir) doctor.Options {
	home, _ := os.UserHomeDir()
	s, err := settings.Effective(dir)
	port := s.Port
	if err != nil || port == 0 {
		port = bridge.Port()
	}
	o := doctor.Options{
		State: dir, Home: home, Port: port,
		Mine: func(h peer.Holder) bool {
			p, up := service.Find(dir)
			return up && p.PID == h.PID
		},
		Settings: func() (settings.Settings, error) { return settings.Effective(dir) },
		SetClock: setClock,
		Modules:  func(context.Context) []doctor.Load { return missingModules(s.Modules) },
	}
	if p, up := service.Find(dir); up {
		o.Port = p.Port
	}
	if tokensInUse(dir, s) {
		o.Readers = func(ctx context.Context) error {
			_, err := pcsc.Readers(ctx)
			return err
		}
		o.StartReader = startReader
	}
	if b, err := localca.Load(dir); err == nil {
		o.Roots = b.CA
		t := trust.Options{State: dir, Root: b.CA}
		o.Handshake = func(ctx context.Context, addr string) ([]trust.Result, error) { return trust.CheckStores(ctx, t, addr) }
		o.Repair = func(ctx context.Context) error {
			results, err := trust.Repair(ctx, t)
			for _, r := range results {
				err = errors.Join(err, r.Err)
			}
			return err
		}
	}
	if i, err := c.installOptions(false); err == nil {
		if a, err := install.InstalledAgent(i); err == nil {
			o.Installed, o.Start = a.Installed, a.Start
		}
	}
	return o
}

// tokensInUse: without a token, a reader that was ever used or a module in the
// settings, a missing card service is no fault.
func tokensInUse(dir state.Dir, s settings.Settings) bool {
	data, err := dir.Read("recent.json")
	return len(s.Modules) > 0 || err == nil && strings.Contains(string(data), `"tokens"`)
}

// missingModules are those the settings name and nobody can load.
func missingModules(modules []settings.Module) []doctor.Load {
	var bad []doctor.Load
	for _, m := range modules {
		if m.Off || strings.HasPrefix(m.Path, "pkcs11:") {
			continue
		}
		if _, err := os.Stat(m.Path); err != nil {
			bad = append(bad, doctor.Load{Path: m.Path, Err: errors.Unwrap(err).Error()})
		}
	}
	return bad
}

func setClock(ctx context.Context) error { return tool(ctx, "timedatectl", "set-ntp", "true") }

func startReader(ctx context.Context) error {
	return tool(ctx, "systemctl", "start", "pcscd.socket")
}

func tool(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

var errDeclined = errors.New("declined")

// stopHolder ends the program that holds the port, after asking: it is somebody
// else's, and may be in the middle of a signature.
func (c *command) stopHolder(port int, yes bool) func(context.Context, peer.Holder) error {
	return func(ctx context.Context, h peer.Holder) error {
		if h.Mine() != nil {
			return errors.New(c.text("doctor.other_user"))
		}
		if !yes {
			if !term.IsTerminal(int(c.stdin.Fd())) {
				return errDeclined
			}
			fmt.Fprintln(c.stderr, c.text("doctor.stop_question", h.Name, h.PID))
			if !c.agree() {
				return errDeclined
			}
		}
		p, err := os.FindProcess(h.PID)
		if err != nil {
			return err
		}
		if err := terminate(p); err != nil {
			return err
		}
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
		for range 100 {
			if now, err := peer.Listening(addr); err != nil || now.PID != h.PID {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return context.DeadlineExceeded
	}
}

// fixFaults reports whether anything was mended.
func (c *command) fixFaults(ctx context.Context, faults []doctor.Finding) bool {
	mended := false
	for _, f := range faults {
		switch err := doctor.Fix(ctx, f); {
		case err == nil:
			c.say("doctor.line", string(f.Code), c.text("doctor.fixed"))
			mended = true
		case errors.Is(err, doctor.ErrNotFixable):
			c.say("doctor.line", string(f.Code), c.text("doctor.by_hand"))
		case errors.Is(err, errDeclined):
			c.say("doctor.line", string(f.Code), c.text("doctor.declined"))
		default:
			c.say("doctor.line", string(f.Code), c.text("doctor.not_fixed", err.Error()))
		}
	}
	return mended
}

func (c *command) reportFindings(findings []doctor.Finding) {
	faults := doctor.Faults(findings)
	for _, f := range findings {
		switch {
		case c.json:
			line := map[string]any{"code": f.Code, "ok": f.OK, "unknown": f.Unknown, "fixable": f.Fixable}
			if !f.OK {
				line["title"], line["fix"] = f.Title(c.lang), f.Advice(c.lang)
			}
			json.NewEncoder(c.stdout).Encode(line)
		case !f.OK:
			fmt.Fprintf(c.stdout, "✗ %s: %s\n  → %s\n", f.Code, f.Title(c.lang), f.Advice(c.lang))
		case !c.quiet:
			fmt.Fprintf(c.stdout, "✓ %s\n", f.Good(c.lang))
		}
	}
	if len(faults) == 0 && !c.json {
		fmt.Fprintln(c.stdout, c.text("doctor.well"))
	}
}

// pageFinding is a finding as the status page shows it.
type pageFinding struct {
	Code  doctor.Code `json:"code"`
	OK    bool        `json:"ok"`
	Good  string      `json:"good"`
	Title string      `json:"title"`
	Fix   string      `json:"fix"`
}

// doctorCalls are those of the status page. It shows and does not mend: what
// mends changes the machine, and the person does that.
//
// The page tells of a socket it opened and that was answered. If the bridge has
// not seen it, somebody else has answered.
func (c *command) doctorCalls(dir state.Dir, saw func(nonce string) bool) map[string]pages.Call {
	return map[string]pages.Call{
		"doctor": func(ctx context.Context, lang string, body []byte) (any, error) {
			in, err := pages.Decode[struct{ Nonce string }](body)
			if err != nil {
				return nil, &pages.Fault{Key: "pages.failed"}
			}
			out := []pageFinding{}
			for _, f := range doctor.Run(ctx, c.doctorOptions(dir)) {
				if f.Code == doctor.Extension && f.OK && in.Nonce != "" && !saw(in.Nonce) {
					f = doctor.Intercepted()
				}
				if !slices.Contains(i18n.Languages, lang) {
					lang = i18n.Default
				}
				v := pageFinding{Code: f.Code, OK: f.OK, Good: f.Good(lang)}
				if !f.OK {
					v.Title, v.Fix = f.Title(lang), f.Advice(lang)
				}
				out = append(out, v)
			}
			return out, nil
		},
	}
}
