//go:build !windows

package main

// systemLanguages: elsewhere the environment says all there is.
func systemLanguages() string { return "" }

func leaveConsole() {}
