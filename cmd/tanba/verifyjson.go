package main

import (
	"encoding/json"
	"time"

	"tanba/internal/revocation"
	"tanba/internal/verification"
)

// line writes one object of --json.
func (v *verifying) line(facts map[string]any) { json.NewEncoder(v.stdout).Encode(facts) }

// verdictJSON writes a verdict for programs.
func (v *verifying) verdictJSON(file string, r *verification.Report, code int) {
	facts := v.facts(r)
	facts["file"], facts["trusted"] = file, code == exitOK
	v.line(facts)
}

func (v *verifying) facts(r *verification.Report) map[string]any {
	signers := []map[string]any{}
	for i := range r.Signers {
		signers = append(signers, v.signerFacts(&r.Signers[i]))
	}
	state := "checked"
	switch {
	case !v.asked && r.Unchecked():
		state = "not checked"
	case r.Unchecked():
		state = "unknown"
	}
	facts := map[string]any{
		"good": r.Good(), "trusted": r.Trusted(), "detached": r.Detached, "revocation": state, "signers": signers,
	}
	if r.Content != nil {
		facts["size"] = len(r.Content)
	}
	if r.Inner != nil {
		facts["inner"] = v.facts(r.Inner)
	}
	return facts
}

func (v *verifying) signerFacts(s *verification.Signer) map[string]any {
	line := map[string]any{"good": s.Intact(), "certificate": s.State, "trusted": s.Trusted()}
	if s.Level != "" {
		line["level"] = s.Level
	}
	if s.Err != nil {
		line["error"] = s.Err.Error()
	}
	if s.Part != "" {
		line["part"] = s.Part
	}
	if !s.SigningTime.IsZero() {
		line["claimedTime"] = zulu(s.SigningTime)
	}
	if s.Stamp != nil {
		line["timestamp"] = stampFacts(*s.Stamp)
	}
	if s.Then != "" {
		line["certificateThen"] = s.Then
	}
	if len(s.Archives) > 0 {
		var archives []map[string]any
		for _, a := range s.Archives {
			archives = append(archives, stampFacts(a))
		}
		line["archiveTimestamps"] = archives
	}
	if cert := s.Certificate; cert != nil {
		p := cert.Person()
		line["subject"], line["issuer"], line["serial"] = cert.Subject.String(), cert.Issuer.String(), cert.SerialHex()
		line["name"], line["iin"], line["bin"], line["organisation"], line["role"] = p.CommonName, p.IIN, p.BIN, p.Organisation, p.Role
		line["notBefore"], line["notAfter"] = zulu(cert.NotBefore), zulu(cert.NotAfter)
		line["algorithm"], line["anchor"] = cert.PublicKey.Family.KalkanName(), s.Anchor
	}
	switch {
	case s.Status != nil:
		line["revocation"] = statusFacts(s.Status, s.Evidence)
	case s.StatusErr != nil && v.asked:
		line["revocation"] = map[string]any{"state": "", "error": s.StatusErr.Error()}
	}
	return line
}

func stampFacts(st verification.Stamp) map[string]any {
	line := map[string]any{"good": st.Err == nil}
	if !st.Time.IsZero() {
		line["time"] = zulu(st.Time)
	}
	if st.Err != nil {
		line["error"] = st.Err.Error()
	}
	if st.Authority != nil {
		line["authority"], line["anchor"], line["test"] = st.Authority.Subject.String(), st.Anchor, st.Test
	}
	return line
}

func statusFacts(st *revocation.Status, from verification.Source) map[string]any {
	line := map[string]any{"state": st.State, "source": st.Source, "from": from, "asOf": zulu(st.ThisUpdate)}
	if st.Address != "" {
		line["address"] = st.Address
	}
	if st.State == revocation.Revoked {
		line["revokedAt"], line["neverIssued"] = zulu(st.RevokedAt), st.NeverIssued
		if st.Reason != revocation.None {
			line["reason"] = int(st.Reason)
		}
	}
	if st.Fallback != nil {
		line["ocspError"] = st.Fallback.Error()
	}
	return line
}

func zulu(t time.Time) string { return t.UTC().Format(time.RFC3339) }
