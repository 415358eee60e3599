package e2e

import (
	"path/filepath"
	"testing"

	"tanba/internal/pki"
	"tanba/internal/testdata"
)

// TestNodeThrowawayKeys: the published client under Node, keys made here.
func TestNodeThrowawayKeys(t *testing.T) {
	for _, family := range []pki.Family{pki.GOST512, pki.RSA} {
		t.Run(family.KalkanName(), func(t *testing.T) {
			nodeSigns(t, throwawayKey(t, family), judges{others: []otherJudge{opensslJudge}})
		})
	}
}

// TestNodeNationalKeys: the same with key stores of the national test CA, judged
// by everybody.
func TestNodeNationalKeys(t *testing.T) {
	for name, file := range map[string]string{
		"GOST512":  "gost512/GOST512_ec425659bd2fc6dc587b871aede1857727cf8451.p12", // a person, valid into 2027
		"GOST2004": "gost2004/GOSTKNCA_455af122bf07fddcb6351c6842653b42f02b0a26.p12",
		"RSA":      "rsa/RSA256_e3fe35adda3b45cbea3a3f1ed48f263dc55c556e.p12",
	} {
		t.Run(name, func(t *testing.T) {
			nodeSigns(t, nationalKey(t, file), everybody())
		})
	}
}

func nodeSigns(t *testing.T, k key, j judges) {
	plan := signingPlan(k, j)
	b := startBridge(t, approve(k))
	hideDocuments(b)
	judge(t, runNode(t, b, calls(plan)), plan)
}

func TestNodeCancels(t *testing.T) {
	plan := cancelPlan()
	b := startBridge(t, cancel())
	hideDocuments(b)
	judge(t, runNode(t, b, calls(plan)), plan)
}

// TestNodeDefaultPort: the client without an address finds the bridge on 13579,
// where every portal looks.
func TestNodeDefaultPort(t *testing.T) {
	const port = 13579
	if !isFree(port) {
		testdata.Missing(t, "a free port 13579")
	}
	plan := cancelPlan()[:1]
	b := startBridgeOn(t, port, cancel())
	b.URL = ""
	judge(t, runNode(t, b, calls(plan)), plan)
}

// TestChromium: a page of a portal in Chromium, both local CA and portal CA in the
// NSS database of the person.
func TestChromium(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	plan := append(signingPlan(k, judges{}), named("cancel ", cancelPlan())...)
	b := startBridge(t, signThenCancel(k, plan)...)
	hideDocuments(b)
	p := startPortal(t)
	trustInNSS(t, chromiumNSS(b.Home), p.CA, b.CA)
	judge(t, chromiumSession(t, startChromium(t, b.Home), p, b, calls(plan)), plan)
}

// TestFirefox: the same in Firefox ESR, both CAs in the database of its profile.
func TestFirefox(t *testing.T) {
	k := throwawayKey(t, pki.GOST512)
	plan := append(signingPlan(k, judges{}), named("cancel ", cancelPlan())...)
	b := startBridge(t, signThenCancel(k, plan)...)
	hideDocuments(b)
	p := startPortal(t)
	profile := filepath.Join(b.Home, "firefox-profile")
	trustInNSS(t, profile, p.CA, b.CA)
	judge(t, firefoxSession(t, startFirefox(t, b.Home, profile), p, b, calls(plan)), plan)
}

func named(prefix string, plan []step) []step {
	for i := range plan {
		plan[i].name = prefix + plan[i].name
	}
	return plan
}

// signThenCancel approves what signingPlan asks for and refuses the rest.
func signThenCancel(k key, plan []step) []answer {
	var script []answer
	for _, s := range plan[:len(plan)-len(cancelPlan())] {
		if s.call.Method != "getActiveTokens" && s.call.Method != "changeLocale" {
			script = append(script, approve(k))
		}
	}
	return append(script, cancel())
}
