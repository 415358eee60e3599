package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"tanba/bridge/consent"
	"tanba/bridge/pages"
	"tanba/internal/session"
	"tanba/internal/settings"
	"tanba/internal/state"
)

// TestSettingsTakeEffectAtOnce: what is saved on the page is in force before the
// page has its answer.
func TestSettingsTakeEffectAtOnce(t *testing.T) {
	var level slog.Level
	dir := state.Dir(t.TempDir())
	o := agentOptions{dir: dir, language: "ru", log: slog.New(slog.DiscardHandler), level: func(s settings.Settings) {
		_ = level.UnmarshalText([]byte(s.LogLevel))
	}}
	watched := 0
	var deaf error
	l := &live{o: o, desk: consent.New(consent.Options{}), stamper: &liveStamper{}, checker: &liveChecker{}, watch: func(context.Context) (<-chan session.Event, error) {
		watched++
		return make(chan session.Event), deaf
	}}
	if err := l.stamper.take(o, settings.Settings{}); err != nil {
		t.Fatal(err)
	}
	first := l.stamper.Load()
	save := pages.SettingsCalls(pages.Settings{
		Load: func() (settings.Settings, error) { return settings.Load(dir) }, Save: l.save, Fixed: func() []string { return nil },
	})["settings/save"]
	chosen := func(body string) {
		t.Helper()
		if _, err := save(t.Context(), "en", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	chosen(`{"rememberMinutes":15,"language":"kk","phrase":"көк түйе","logLevel":"debug","tsa":["http://127.0.0.1:9"],"revocation":"require","proxy":"none"}`)
	if c := l.desk.Chosen(); c.Remember != 15*time.Minute || c.Language != "kk" || c.Phrase != "көк түйе" {
		t.Errorf("%+v", c)
	}
	if watched != 1 || level != slog.LevelDebug || l.stamper.Load() == first || !l.checker.Required() || l.checker.checker == nil {
		t.Errorf("watched %d times, level %v, another stamper %t, revocation required %t", watched, level, l.stamper.Load() != first, l.checker.Required())
	}
	chosen(`{"rememberMinutes":5,"revocation":"off"}`)
	if c := l.desk.Chosen(); c.Remember != 5*time.Minute || c.Language != "ru" || c.Phrase != "" {
		t.Errorf("%+v", c)
	}
	if status, err := l.checker.Check(t.Context(), nil); watched != 1 || l.checker.Required() || err != nil || status == nil {
		t.Errorf("watched %d times, revocation required %t, %v", watched, l.checker.Required(), err)
	}
	chosen(`{"rememberMinutes":0}`)
	if c := l.desk.Chosen(); c.Remember != 0 {
		t.Errorf("%+v", c)
	}

	// T22: where nobody tells that the screen is locked, nothing is kept.
	l.watching, deaf = false, errors.New("no bus")
	chosen(`{"rememberMinutes":5}`)
	if c := l.desk.Chosen(); c.Remember != 0 {
		t.Errorf("without a watch: %+v", c)
	}

	// What the command line says stays.
	l.o.tsaGiven, l.o.tsa = true, "not an address"
	before := l.stamper.Load()
	chosen(`{"tsa":["http://127.0.0.1:9"]}`)
	if l.stamper.Load() != before {
		t.Error("the settings changed what the command line gave")
	}
}
