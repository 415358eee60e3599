package prompt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"time"
)

// calls are what the page may ask for, by path. Each takes and gives one JSON
// object.
func (s *session) calls() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/exchange": s.serveExchange,
		"/focus":    s.serveFocus,
		"/poll":     s.servePoll,
		"/text":     s.serveText,
		"/copy":     s.serveCopy,
		"/browse":   s.serveBrowse,
		"/tokens":   s.serveTokens,
		"/unlock":   s.serveUnlock,
		"/approve":  s.serveApprove,
		"/retry":    s.serveRetry,
		"/forget":   s.serveForget,
		"/block":    s.serveBlock,
		"/cancel":   s.serveCancel,
		"/stop":     s.serveStop,
	}
}

func (s *session) serveExchange(w http.ResponseWriter, r *http.Request) {
	var in struct{ Token string }
	if !read(w, r, &in) {
		return
	}
	token, err := base64.RawURLEncoding.DecodeString(in.Token)
	if err != nil {
		refused(w, http.StatusForbidden, "token")
		return
	}
	key, ok := s.exchange(token)
	if !ok {
		refused(w, http.StatusForbidden, "token")
		return
	}
	reply(w, s.view(key))
}

func (s *session) serveFocus(w http.ResponseWriter, r *http.Request) {
	var in struct{ Focused bool }
	if !read(w, r, &in) {
		return
	}
	s.focus(in.Focused)
	reply(w, struct{}{})
}

// status is what a poll reports.
type status struct {
	Tag     string `json:"tag"`   // changes when anything else does
	State   string `json:"state"` // "ask", "work", "retry", "end", "gone"
	Done    int    `json:"done"`
	Failed  string `json:"failed"`
	Notice  string `json:"notice"`  // a sentence that changes nothing
	Waiting int    `json:"waiting"` // more requests behind this one
	Tokens  int    `json:"tokens"`  // changes when a token is put in or taken out

	Short *viewShortfall `json:"short"` // what failed; nil = nothing
}

// status describes the session. s.mu is held.
func (s *session) status() status {
	st := status{State: "ask", Done: s.done, Failed: s.failed, Notice: s.notice, Tokens: s.tokens}
	switch {
	case s.ended:
		st.State = "end"
	case s.over && s.yes && s.retry != nil:
		st.State, st.Failed = "retry", s.short.reason()
	case s.over && s.yes:
		st.State = "work"
	case s.over:
		st.State = "gone"
	}
	if st.State == "retry" || st.State == "end" {
		st.Short = s.short.view()
	}
	if s.r.Waiting != nil {
		st.Waiting = s.r.Waiting()
	}
	st.Tag = st.State + " " + strconv.Itoa(st.Done) + " " + strconv.Itoa(st.Waiting) + " " + strconv.Itoa(st.Tokens) + " " + strconv.Itoa(s.asked) + " " + st.Notice
	return st
}

func (s *session) servePoll(w http.ResponseWriter, r *http.Request) {
	var in struct{ Tag string }
	if !read(w, r, &in) {
		return
	}
	reply(w, s.poll(r.Context(), in.Tag))
}

// serveText gives the text of one document; a page of a thousand documents does
// not carry them all.
func (s *session) serveText(w http.ResponseWriter, r *http.Request) {
	var in struct{ Document int }
	if !read(w, r, &in) {
		return
	}
	if in.Document < 0 || in.Document >= len(s.r.Documents) {
		refused(w, http.StatusNotFound, "document")
		return
	}
	d := s.r.Documents[in.Document]
	reply(w, map[string]any{"text": d.Text, "source": d.Source, "cut": d.Cut})
}

// serveTokens lists the tokens there are now.
func (s *session) serveTokens(w http.ResponseWriter, r *http.Request) {
	tokens, err := s.listTokens(r.Context())
	answer := map[string]any{"tokens": viewTokens(tokens, s.o.Now())}
	if err != nil {
		answer["error"] = viewTrouble(err)["error"]
	}
	reply(w, answer)
}

// serveUnlock tries a key file by its path, or a token by its ID, once.
func (s *session) serveUnlock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Path               string
		New                bool // Path is the place of a new key file
		Token              string
		Last               bool // the person confirmed the last try
		Public, Nonce, Box []byte
	}
	if !read(w, r, &in) {
		return
	}
	secret, err := s.open(in.Public, in.Nonce, in.Box)
	if err != nil {
		refused(w, http.StatusBadRequest, "seal")
		return
	}
	defer func() { clear(secret); runtime.KeepAlive(secret) }()
	var try func() ([]Key, error)
	switch {
	case in.Token != "" && s.r.UnlockToken != nil:
		try = func() ([]Key, error) { return s.r.UnlockToken(r.Context(), in.Token, secret, in.Last) }
	case in.New && in.Token == "" && s.r.NewFile != nil:
		try = func() ([]Key, error) { return s.r.NewFile(r.Context(), expand(in.Path), secret) }
	case in.Token == "" && !in.New && s.r.Unlock != nil && !s.r.NoFiles:
		try = func() ([]Key, error) { return s.r.Unlock(r.Context(), expand(in.Path), secret) }
	}
	keys, err := s.unlock(in.Token, secret, try)
	if err != nil {
		reply(w, viewTrouble(err))
		return
	}
	reply(w, map[string]any{"keys": viewKeys(keys, s.o.Now())})
}

func (s *session) serveApprove(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Key       string
		Path      string
		Confirmed bool
		Remember  bool
		Always    bool
	}
	if !read(w, r, &in) {
		return
	}
	d := Decision{KeyID: in.Key, Confirmed: in.Confirmed, Remember: in.Remember, Always: in.Always}
	if s.r.Purpose == PickFile {
		path, code := s.pick(expand(in.Path))
		if code != "" {
			reply(w, map[string]string{"error": code})
			return
		}
		d = Decision{Path: path}
	}
	settled(w, s.approve(d))
}

// settled answers a try to decide.
func settled(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errEarly):
		refused(w, http.StatusTooEarly, "early")
	case err != nil:
		refused(w, http.StatusConflict, "refused")
	default:
		reply(w, struct{}{})
		flush(w)
	}
}

func (s *session) serveForget(w http.ResponseWriter, r *http.Request) {
	s.forget()
	reply(w, struct{}{})
}

// serveBlock is the second yes to a block; the page asks for the first by itself.
func (s *session) serveBlock(w http.ResponseWriter, r *http.Request) {
	var in struct{ Sure bool }
	if !read(w, r, &in) {
		return
	}
	if !in.Sure {
		refused(w, http.StatusBadRequest, "sure")
		return
	}
	settled(w, s.block())
}

func (s *session) serveCancel(w http.ResponseWriter, r *http.Request) {
	reply(w, struct{}{})
	flush(w)
	s.cancel()
}

func (s *session) serveStop(w http.ResponseWriter, r *http.Request) {
	s.stop()
	reply(w, struct{}{})
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(r.Body)
	if err := d.Decode(v); err != nil {
		refused(w, http.StatusBadRequest, "json")
		return false
	}
	return true
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func refused(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"error": why})
}

func flush(w http.ResponseWriter) { http.NewResponseController(w).Flush() }

// days is the whole number of days until t, counted from now.
func days(now, t time.Time) int { return int(t.Sub(now) / (24 * time.Hour)) }
