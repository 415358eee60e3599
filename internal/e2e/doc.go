// Package e2e runs the real program and lets its real clients talk to it.
//
// Nothing here looks inside: each test builds the tanba command, starts it with
// a home and a state directory of its own on a free port, and speaks to it as a
// portal does. The clients are
//
//   - the unmodified npm package ncalayer-js-client under Node,
//   - the same file loaded by a page in headless Chromium and in Firefox ESR,
//     over https from a host that is not localhost,
//   - a raw WebSocket that replays the frames recorded from the original.
//
// The person at the screen is a script (build tag "scripted"), except where the
// window itself is tried: there a keyboard is played on a virtual display. What comes back is
// judged by internal/cms and, where they are installed, by verifiers that share no
// code with it.
//
// Trust is never switched off: the local CA is put where a person's browser looks
// for it, and a certificate error fails the test.
//
// What a test lacks (a browser, node, the material of internal/testdata) skips it,
// and fails it in CI. Environment:
//
//	TANBA_E2E_BINARY   a tanba built elsewhere with the tag "scripted"
//	TANBA_E2E_RELEASE  a tanba built elsewhere without it
//	TANBA_E2E_SCREENSHOTS
//	                   a folder for pictures of the virtual display, step by step
//
// Without the first two the tests build their own.
package e2e
