package cms

import (
	"fmt"
)

// AddTimestamp returns an existing SignedData in which the signer of that index
// carries one more RFC 3161 token as an unsigned attribute (CAdES-T). All that
// is signed stays octet for octet. The token is taken as it is: whoever asked
// for it has checked it.
func AddTimestamp(existing []byte, signer int, token []byte) ([]byte, error) {
	if t, err := Parse(token); err != nil || len(t.Signers) == 0 {
		return nil, fmt.Errorf("cms: timestamp token: %w", ErrNotSignedData)
	}
	return addUnsigned(existing, signer, oidTimestampToken, token)
}
