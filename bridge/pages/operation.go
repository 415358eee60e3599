package pages

import "tanba/internal/i18n"

// The journal keeps an operation as the page called it, which a developer and a
// robot's rule need; a person reads what it means.
var operations = map[string]string{
	"sign": "sign", "multisign": "sign",
	"createCAdESFromBase64": "sign", "createCAdESFromFile": "sign",
	"createCMSSignatureFromBase64": "sign", "createCMSSignatureFromFile": "sign",
	"createCAdESFromBase64Hash": "digest",
	"signXml":                   "xml", "signXmls": "xml",
	"applyCAdEST": "timestamp",
	"getKeyInfo":  "key", "showKey": "key",
	"getActiveTokens": "tokens", "listTokens": "tokens",
	"showFileChooser": "file", "pickFile": "file",
	"generateCsr": "request", "makeKey": "request",
	"importCertificate": "install", "installCertificate": "install",
	"renewKey": "renew_key", "renewRequest": "request", "renewSign": "renew_sign", "renewInstall": "install",
	"clearJournal": "clear",
}

func operationText(lang, operation string) string {
	if key, ok := operations[operation]; ok {
		return i18n.T(lang, "pages.operation."+key)
	}
	return operation
}
