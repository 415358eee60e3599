package prompt

// ownWindow is nil until the window is built.
var ownWindow func(*dialogQuestion) (dialogWindow, error)
