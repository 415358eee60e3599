package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tanba/internal/i18n"
	"tanba/internal/pcsc"
	"tanba/internal/settings"
	"tanba/internal/state"
	"tanba/keystore"
	"tanba/keystore/pkcs11"
)

// newTokens returns the tokens of this machine as the settings say. Settings
// that cannot be read count as none; who starts the agent has read them before.
// A nil log is none.
func newTokens(dir state.Dir, log *slog.Logger) *pkcs11.Tokens {
	s, err := settings.Effective(dir)
	if err != nil && log != nil {
		log.Warn("tokens: settings cannot be read", "err", err)
	}
	return pkcs11.New(tokenOptions(s, dir, log))
}

func tokenOptions(s settings.Settings, dir state.Dir, log *slog.Logger) pkcs11.Options {
	o := pkcs11.Options{
		Storages: s.TokenStorages, Discover: true, State: dir, Log: log,
		Present: cardsPresent, StorageOfATR: keystore.StorageOfATR,
	}
	for _, m := range s.Modules {
		o.Modules = append(o.Modules, pkcs11.Module(m))
	}
	return o
}

// cardsPresent asks the system's service once; without one nothing is known.
func cardsPresent(ctx context.Context) (atrs [][]byte, known bool) {
	readers, err := pcsc.Readers(ctx)
	if err != nil {
		return nil, false
	}
	for _, r := range readers {
		if r.Present {
			atrs = append(atrs, r.ATR)
		}
	}
	return atrs, true
}

// tokens shows what can be known of tokens without a PIN.
func tokens(c *command, args []string) int {
	var all bool
	c.flags.BoolVar(&all, "all", false, "")
	rest, code, ok := c.parse(args)
	if !ok {
		return code
	}
	if len(rest) > 0 {
		return c.usageError(rest[0])
	}
	dir, err := c.dir()
	if err != nil {
		c.fail("tokens.failed", err.Error())
		return exitError
	}
	s, err := settings.Effective(dir)
	if err != nil {
		c.fail("tokens.failed", err.Error())
		return exitError
	}
	o := tokenOptions(s, dir, nil)
	if all {
		o.Present = nil
	}
	found := pkcs11.New(o)
	defer found.Close()
	signals, done := stopSignals()
	defer done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	report, err := found.Report(ctx)
	if err != nil {
		c.fail("tokens.failed", err.Error())
		return exitError
	}
	expired := false
	for _, m := range report.Modules {
		expired = c.showModule(m) || expired
	}
	if len(report.Modules) == 0 {
		c.say("tokens.none")
	}
	if expired || !report.Healthy() {
		return exitError
	}
	return exitOK
}

// showModule prints one module; expired tells that a certificate is.
func (c *command) showModule(m pkcs11.ModuleReport) (expired bool) {
	if c.json {
		json.NewEncoder(c.stdout).Encode(c.moduleFacts(m, &expired))
		return expired
	}
	line := func(depth int, text string) { fmt.Fprintf(c.stdout, "%s%s\n", strings.Repeat("  ", depth), text) }
	troubles := func(depth int, list []pkcs11.Trouble) {
		for _, t := range list {
			line(depth, c.text(troubleWord(t))+": "+c.trouble(t))
		}
	}
	line(0, fmt.Sprintf("%s (%s)", m.Path, c.text("tokens.source."+m.Source)))
	if m.Version != "" {
		line(1, c.text("tokens.library", m.Description, m.Manufacturer, m.Version, m.Cryptoki))
	}
	troubles(1, m.Troubles)
	for _, s := range m.Slots {
		if s.Token == nil && len(s.Troubles) == 0 {
			line(1, c.text("tokens.slot", s.Description)+": "+c.text("tokens.slot_empty"))
			continue
		}
		line(1, c.text("tokens.slot", s.Description))
		troubles(2, s.Troubles)
		t := s.Token
		if t == nil {
			continue
		}
		line(2, c.text("tokens.token", t.Label, t.Serial, t.Model, t.Manufacturer))
		if t.Storage != "" {
			line(3, c.text("tokens.storage", t.Storage))
		} else {
			line(3, c.text("tokens.storage_unknown"))
		}
		if t.PIN.Pad {
			line(3, c.text("tokens.pin_pad"))
		} else if t.PIN.Max > 0 {
			line(3, c.text("tokens.pin", fmt.Sprint(t.PIN.Min), fmt.Sprint(t.PIN.Max)))
		}
		troubles(3, t.Troubles)
		var names []string
		for _, mechanism := range t.Mechanisms {
			names = append(names, mechanism.Name)
		}
		if len(names) > 0 {
			line(3, c.text("tokens.mechanisms", fmt.Sprint(len(names)), strings.Join(names, ", ")))
		}
		if signs := t.Signs(); len(signs) > 0 {
			line(3, c.text("tokens.signs", strings.Join(signs, ", ")))
		}
		if len(t.Keys) == 0 {
			line(3, c.text("tokens.no_keys"))
		}
		for _, k := range t.Keys {
			line(3, c.text("tokens.key", k.Label, hex.EncodeToString(k.ID), k.Algorithm))
			if k.Certificate != nil {
				line(4, c.text("tokens.certificate", owner(k.Certificate.Person(), c.lang), k.Certificate.SerialHex(), i18n.DateUntil(c.lang, k.Certificate.NotAfter)))
				if time.Now().After(k.Certificate.NotAfter) {
					expired = true
					line(4, c.text("tokens.trouble")+": "+c.text("cli.key_expired", i18n.Date(c.lang, k.Certificate.NotAfter)))
				}
			}
			troubles(4, k.Troubles)
		}
	}
	return expired
}

func troubleWord(t pkcs11.Trouble) string {
	if t.Note() {
		return "tokens.note"
	}
	return "tokens.trouble"
}

func (c *command) trouble(t pkcs11.Trouble) string {
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		args[i] = a
	}
	return c.text(t.Key, args...)
}

// moduleFacts is what --json prints: one object for each module.
func (c *command) moduleFacts(m pkcs11.ModuleReport, expired *bool) map[string]any {
	troubles := func(list []pkcs11.Trouble) []map[string]any {
		out := []map[string]any{}
		for _, t := range list {
			out = append(out, map[string]any{"code": t.Key, "text": c.trouble(t), "note": t.Note()})
		}
		return out
	}
	slots := []map[string]any{}
	for _, s := range m.Slots {
		slot := map[string]any{"description": s.Description, "troubles": troubles(s.Troubles)}
		if t := s.Token; t != nil {
			mechanisms := []string{}
			for _, mechanism := range t.Mechanisms {
				mechanisms = append(mechanisms, mechanism.Name)
			}
			keys := []map[string]any{}
			for _, k := range t.Keys {
				key := map[string]any{"id": hex.EncodeToString(k.ID), "label": k.Label, "algorithm": k.Algorithm, "private": k.Private, "public": k.Public, "troubles": troubles(k.Troubles)}
				if cert := k.Certificate; cert != nil {
					*expired = *expired || time.Now().After(cert.NotAfter)
					key["certificate"] = map[string]any{"owner": owner(cert.Person(), "en"), "serial": cert.SerialHex(), "notAfter": cert.NotAfter.UTC().Format(time.RFC3339), "expired": time.Now().After(cert.NotAfter)}
				}
				keys = append(keys, key)
			}
			slot["token"] = map[string]any{
				"label": t.Label, "serial": t.Serial, "model": t.Model, "manufacturer": t.Manufacturer, "firmware": t.Firmware, "storage": t.Storage,
				"pin":        map[string]any{"min": t.PIN.Min, "max": t.PIN.Max, "low": t.PIN.Low, "lastTry": t.PIN.LastTry, "locked": t.PIN.Locked, "unset": t.PIN.Unset, "mustChange": t.PIN.MustChange, "pad": t.PIN.Pad},
				"mechanisms": mechanisms, "signs": t.Signs(), "keys": keys, "troubles": troubles(t.Troubles),
			}
		}
		slots = append(slots, slot)
	}
	return map[string]any{
		"module": m.Name, "path": m.Path, "source": m.Source, "description": m.Description, "manufacturer": m.Manufacturer,
		"version": m.Version, "cryptoki": m.Cryptoki, "slots": slots, "troubles": troubles(m.Troubles),
	}
}
