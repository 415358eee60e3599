// Package web holds the pages of Tanba: documents, styles, scripts and pictures,
// written by hand and embedded in the program. There is nothing to build and
// nothing from elsewhere; scripts and styles are files of their own, because the
// pages forbid inline ones.
//
// prompt/ is the window that asks the person (see package prompt), pages/ what the
// bridge shows at its own address (see package pages). tokens.css, the colours and
// measures of the design, serves every page. screens/ has pictures of the window
// for the README and is not embedded.
package web

import (
	"embed"
	"path"
	"strings"
)

//go:embed tokens.css icon.svg prompt pages
var files embed.FS

var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Prompt returns a file of the prompt page and its content type.
func Prompt(name string) (data []byte, contentType string, ok bool) {
	if data, contentType, ok = Shared(name); ok {
		return data, contentType, ok
	}
	return file("prompt/" + name)
}

// Page returns a file of the pages at the bridge's own address.
func Page(name string) (data []byte, contentType string, ok bool) {
	switch name {
	case "dom.js": // elements are built in one way everywhere
		return file("prompt/" + name)
	case "tokens.css", "icon.svg":
		return file(name)
	}
	if strings.Contains(name, "/") {
		return nil, "", false
	}
	return file("pages/" + name)
}

// Shared returns a file every page may use: tokens.css, icon.svg.
func Shared(name string) (data []byte, contentType string, ok bool) {
	if strings.Contains(name, "/") {
		return nil, "", false
	}
	return file(name)
}

func file(name string) ([]byte, string, bool) {
	data, err := files.ReadFile(name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" {
		return nil, "", false
	}
	return data, kind, true
}
