// Package snippet holds the JavaScript that portals put into their pages to tell
// their visitors why signing does not work: tanbaDiagnose of diagnose.js.
//
// It depends on nothing, runs in every browser (in old ones it says that they are
// old), and names the faults by the codes of package doctor. What it can tell
// apart is what a page can see:
//
//   - The permission for local network access is asked for by name. A browser
//     that refuses only after it was asked has "prompt" before and "denied" after;
//     that the bridge is down leaves it as it was.
//   - The socket comes first and the greeting decides. /health is fetched
//     afterwards and only where that makes the browser ask nothing more: Firefox
//     lets sockets through without a question and fetches not.
//   - Whether nobody listens or the certificate is not trusted looks the same over
//     TLS. Over plain HTTP, which browsers allow to this address, the bridge
//     refuses with a text the page may read.
//
// Whether a person or an administrator's policy has denied the permission is not
// told to pages.
package snippet

import _ "embed"

// Diagnose is the file.
//
//go:embed diagnose.js
var Diagnose string
