// Package hidden makes windows that nobody sees, on Windows: what that system
// tells of sessions, of the power and of its notification area it tells to
// windows only, and not to message-only windows. On other systems it is empty.
//
// A window has a thread of its own, for its messages come to the thread that made
// it and to no other. Whoever receives them there answers at once and waits for
// nothing.
package hidden
