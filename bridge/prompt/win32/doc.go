// Package win32 shows one window made of Windows' own controls, without cgo and
// without a framework: it is what asks on a Windows machine that has no browser, and
// what brings our windows to the front there (security.md §13).
//
// A Window belongs to one question and has a thread of its own, as Windows wants. It
// shows one Panel after the other: who asks, in large letters, what for, what there is
// to read, then rows to choose from, a password, or two buttons. The rules of the
// window are these (security.md T9):
//
//   - Cancel, Escape, and closing are a no at any time, also while work is done
//     between two panels: the next panel is then answered with a no.
//   - A yes counts only after the window has been in front for Panel.Minimum without a
//     break, and only if there is something to say yes to: a chosen row, a typed
//     password. Until then its button is disabled.
//   - Cancel has the keyboard where a yes needs nothing typed. Enter presses the
//     button that has the keyboard, or else the yes when it counts. A key that has
//     been held down since before presses nothing.
//   - The window opens over the window the person works in, away from the pointer. It
//     does not take the keyboard from somebody who types; it flashes instead.
//
// A password is read from its control into memory that the caller clears; the control
// is overwritten before it is emptied. Windows keeps no other copy that it tells of.
//
// Everything but this comment and the conversion of text is built for Windows only.
// The window was tried under Wine; the rules of a real Windows desktop about the
// foreground and about scaling were followed, not seen.
package win32
