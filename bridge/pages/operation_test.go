package pages

import (
	"testing"

	"tanba/internal/i18n"
)

// Whatever a page can ask for has words in the journal (protocol.md §5, §6).
func TestOperationText(t *testing.T) {
	for _, method := range []string{
		"getActiveTokens", "getKeyInfo", "signXml", "signXmls", "createCAdESFromBase64", "createCAdESFromFile",
		"createCAdESFromBase64Hash", "createCMSSignatureFromBase64", "createCMSSignatureFromFile", "applyCAdEST",
		"showFileChooser", "sign", "generateCsr", "importCertificate",
	} {
		for _, lang := range i18n.Languages {
			if operationText(lang, method) == method {
				t.Errorf("%s in %s has no words", method, lang)
			}
		}
	}
	for operation, key := range operations {
		if !i18n.Has("pages.operation." + key) {
			t.Errorf("%s: no text pages.operation.%s", operation, key)
		}
	}
	if got := operationText("en", "somethingNew"); got != "somethingNew" {
		t.Errorf("an unknown operation reads %q", got)
	}
}
