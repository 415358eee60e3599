//go:build !windows

package prompt

// ownWindow: elsewhere than on Windows tools show the dialogs.
var ownWindow func(*dialogQuestion) (dialogWindow, error)
