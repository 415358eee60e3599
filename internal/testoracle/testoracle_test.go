package testoracle_test

import (
	"testing"

	"tanba/internal/testdata"
	"tanba/internal/testoracle"
)

// The oracles must tell good from bad, or a test that trusts them shows nothing.
func TestOraclesJudge(t *testing.T) {
	good := testdata.Shared(t, "kalkan", "cms", "g512_detached.cms")
	content := testdata.Shared(t, "kalkan", "data.bin")
	other := testdata.Shared(t, "kalkan", "data100k.bin")
	for name, oracle := range map[string]func(testing.TB, ...string) testoracle.Result{
		"java": testoracle.Java, "openssl": testoracle.OpenSSL,
	} {
		t.Run(name, func(t *testing.T) {
			if r := oracle(t, "cms-verify", good, "--content", content); !r.Valid {
				t.Errorf("the original's own signature: %s", r.Output)
			}
			if r := oracle(t, "cms-verify", good, "--content", other); r.Valid {
				t.Errorf("accepted over another content: %s", r.Output)
			}
			if r := oracle(t, "cms-verify", good); r.Valid {
				t.Errorf("accepted without content: %s", r.Output)
			}
		})
	}
}
