package pkcs11

import "fmt"

// Numbers of PKCS#11 2.40 and of the vendor range of TK-26, 0xD4321000, which
// Rutoken, JaCarta and OpenSC share (tokens.md 4.1).
const (
	ckoCertificate = 1
	ckoPublicKey   = 2
	ckoPrivateKey  = 3

	ckcX509 = 0

	ckkRSA     = 0x00
	ckkGOST    = 0x30
	ckkGOST512 = 0xD4321003

	ckmRSAGenerate     = 0x0000
	ckmRSA             = 0x0001
	ckmGOSTGenerate    = 0x1200
	ckmGOST            = 0x1201
	ckmGOST512Generate = 0xD4321005
	ckmGOST512         = 0xD4321006

	ckaClass             = 0x000
	ckaToken             = 0x001
	ckaPrivate           = 0x002
	ckaLabel             = 0x003
	ckaValue             = 0x011
	ckaCertificateType   = 0x080
	ckaIssuer            = 0x081
	ckaSerialNumber      = 0x082
	ckaKeyType           = 0x100
	ckaSubject           = 0x101
	ckaID                = 0x102
	ckaSensitive         = 0x103
	ckaSign              = 0x108
	ckaVerify            = 0x10A
	ckaModulus           = 0x120
	ckaModulusBits       = 0x121
	ckaPublicExponent    = 0x122
	ckaExtractable       = 0x162
	ckaAlwaysAuth        = 0x202
	ckaGOSTParams        = 0x250
	ckaGOSTHashParams    = 0x251
	ckaJaCartaGOSTParams = 0xD4321004

	ckfRemovable     = 0x02 // of a slot
	ckfHardware      = 0x04
	ckfTokenPresent  = 0x01
	ckfWriteLocked   = 0x02 // of a token
	ckfLoginRequired = 0x04
	ckfPINSet        = 0x08
	ckfPad           = 0x100
	ckfInitialised   = 0x400
	ckfPINLow        = 0x10000
	ckfPINLast       = 0x20000
	ckfPINLocked     = 0x40000
	ckfPINChange     = 0x80000
)

// Codes that are looked at by number; errors.go says what each means.
const (
	ckrOK                   = 0x00
	ckrCancel               = 0x01
	ckrGeneral              = 0x05
	ckrFunctionFailed       = 0x06
	ckrAttributeSensitive   = 0x11
	ckrAttributeType        = 0x12
	ckrDeviceError          = 0x30
	ckrDeviceMemory         = 0x31
	ckrDeviceRemoved        = 0x32
	ckrFunctionCanceled     = 0x50
	ckrNotSupported         = 0x54
	ckrKeyHandle            = 0x60
	ckrKeyType              = 0x63
	ckrKeyFunction          = 0x68
	ckrMechanism            = 0x70
	ckrObjectHandle         = 0x82
	ckrOperationActive      = 0x90
	ckrNotInitialized       = 0x91
	ckrPINIncorrect         = 0xA0
	ckrPINInvalid           = 0xA1
	ckrPINLength            = 0xA2
	ckrPINExpired           = 0xA3
	ckrPINLocked            = 0xA4
	ckrSessionClosed        = 0xB0
	ckrSessionCount         = 0xB1
	ckrSessionHandle        = 0xB3
	ckrSessionReadOnly      = 0xB5
	ckrTokenNotPresent      = 0xE0
	ckrTokenNotRecognized   = 0xE1
	ckrTokenWriteProtected  = 0xE2
	ckrAlreadyLoggedIn      = 0x100
	ckrNotLoggedIn          = 0x101
	ckrUserPINNotSet        = 0x102
	ckrUserType             = 0x103
	ckrAnotherLoggedIn      = 0x104
	ckrFunctionRejected     = 0x200
	ckrCryptokiNotInit      = 0x190
	ckrVendor               = 0x80000000
	ckrTemplateIncomplete   = 0xD0
	ckrTemplateInconsistent = 0xD1
	ckrAttributeReadOnly    = 0x10
	ckrAttributeValue       = 0x13
	ckrSlotID               = 0x03
	ckrHostMemory           = 0x02
)

// mechanismNames are those a token for signatures may be asked about.
var mechanismNames = map[uint64]string{
	0x0000: "RSA_PKCS_KEY_PAIR_GEN", 0x0001: "RSA_PKCS", 0x0003: "RSA_X_509", 0x0006: "SHA1_RSA_PKCS",
	0x000D: "RSA_PKCS_PSS", 0x0009: "RSA_PKCS_OAEP", 0x0040: "SHA256_RSA_PKCS", 0x0041: "SHA384_RSA_PKCS", 0x0042: "SHA512_RSA_PKCS",
	0x0220: "SHA_1", 0x0250: "SHA256", 0x0260: "SHA384", 0x0270: "SHA512",
	0x1040: "EC_KEY_PAIR_GEN", 0x1041: "ECDSA",
	0x1080: "AES_KEY_GEN", 0x1081: "AES_ECB", 0x1082: "AES_CBC", 0x1085: "AES_CBC_PAD",
	0x1200: "GOSTR3410_KEY_PAIR_GEN", 0x1201: "GOSTR3410", 0x1202: "GOSTR3410_WITH_GOSTR3411", 0x1203: "GOSTR3410_KEY_WRAP", 0x1204: "GOSTR3410_DERIVE",
	0x1210: "GOSTR3411", 0x1211: "GOSTR3411_HMAC", 0x1220: "GOST28147_KEY_GEN", 0x1221: "GOST28147_ECB", 0x1222: "GOST28147",
	0xD4321005: "GOSTR3410_512_KEY_PAIR_GEN", 0xD4321006: "GOSTR3410_512", 0xD4321007: "GOSTR3410_12_DERIVE",
	0xD4321008: "GOSTR3410_WITH_GOSTR3411_12_256", 0xD4321009: "GOSTR3410_WITH_GOSTR3411_12_512",
	0xD4321012: "GOSTR3411_12_256", 0xD4321013: "GOSTR3411_12_512",
}

func mechanismName(m uint64) string {
	if name := mechanismNames[m]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%X", m)
}
