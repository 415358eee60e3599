package protocol

// Operation is what a page asks for, in the few forms all families share.
type Operation interface{ operation() }

// KeyUse says which keys may serve.
type KeyUse int

const (
	AnyKey KeyUse = iota
	Authentication
	Signature
)

// ChainPolicy says which certificates may be selected.
type ChainPolicy int

const (
	// ChainAny: any certificate, no chain is built (commonUtils; basics chain: []).
	ChainAny ChainPolicy = iota
	// ChainNational: only certificates that chain to the national CAs (basics, chain absent or null).
	ChainNational
	// ChainGiven: only certificates that chain to Selection.Anchors.
	ChainGiven
)

// Selection narrows the keys a person may choose. The zero value allows every
// file key.
type Selection struct {
	Storages []string // NCALayer storage names, nil = every kind
	Use      KeyUse
	EKU      []string // object identifiers, all must be present
	IIN      string   // "" = no filter
	BIN      string
	Serial   string // hexadecimal or decimal, "" = no filter
	Chain    ChainPolicy
	Anchors  []string // PEM, for ChainGiven

	// RefuseExpired and RefuseRevoked are set by basics unless the page
	// allows such certificates; commonUtils only warns.
	RefuseExpired bool
	RefuseRevoked bool
}

// Presentation is what the page says about the window. None of it is trusted.
type Presentation struct {
	Locale string // "kk", "ru", "en" or "" for the person's own
	Logo   []byte // image bytes, nil when absent or unreadable
}

// ActiveTokens lists storage names that have a device now.
type ActiveTokens struct{}

// ShowKey asks the person for one key and shows its certificate to the page.
type ShowKey struct {
	Select Selection
	Presentation
}

// SignCMS makes one CMS signature per document.
type SignCMS struct {
	Select    Selection
	Documents [][]byte // octets, already decoded; digests when Digests is set
	Digests   bool     // the documents are message digests, the content stays with the page
	Detached  bool
	Timestamp bool // CAdES-T
	CoSign    bool // a document that is itself a CMS gets one more signer
	Presentation
}

// SignFile makes one CMS signature over a file of the person. The path must not
// be touched before the person has agreed.
type SignFile struct {
	Select    Selection
	Path      string
	Detached  bool
	Timestamp bool
	CoSign    bool // a file that is itself a CMS gets one more signer
	Presentation
}

// SignXML makes one XML signature per document.
type SignXML struct {
	Select    Selection
	Documents []string
	TBS       string // XPath of the element to be signed, "" = whole document
	Parent    string // XPath of the signature's parent, "" = root
	Compact   bool   // no white space inside the signature
	Timestamp bool
	Presentation
}

// SignRaw makes one bare signature value per document.
type SignRaw struct {
	Select          Selection
	Documents       [][]byte
	Digests         bool
	WithCertificate bool
	Presentation
}

// ApplyTimestamp adds a time stamp to every signer of a CMS that lacks one.
type ApplyTimestamp struct{ CMS []byte }

// PickFile lets the person choose a path.
type PickFile struct {
	Directory  bool     // choose a folder
	Extensions []string // lower case without the dot, nil = all files
	Start      string   // where to begin, may not exist
}

// SetLocale changes the language of later windows of this connection. "" means
// the default, Russian; unknown values are ignored.
type SetLocale struct{ Locale string }

// OpenWindow asks for one of Tanba's own windows ("settings", "modules").
type OpenWindow struct{ Window string }

// MakeCSR generates a key and a request for a certificate of it.
type MakeCSR struct {
	Storages   []string // NCALayer storage names, nil = every kind that can generate keys
	Algorithm  string   // "GOST2015-512" or "RSA-2048"
	Subject    []Attribute
	EKU        []string // object identifiers
	Extensions []Extension
	Unknown    []string // names of members nobody knows, for the log
	Presentation
}

// Attribute is one attribute of a distinguished name, in encoding order.
type Attribute struct{ OID, Value string }

// Extension is one X.509 extension; Value is the DER inside the OCTET STRING.
type Extension struct {
	OID      string
	Critical bool
	Value    []byte
}

// ImportCertificate puts the certificate for a key of MakeCSR into its storage.
type ImportCertificate struct {
	Certificates [][]byte // DER, in any order
	KeyID        string   // lower case
	Presentation
}

func (ActiveTokens) operation()      {}
func (ShowKey) operation()           {}
func (SignCMS) operation()           {}
func (SignFile) operation()          {}
func (SignXML) operation()           {}
func (SignRaw) operation()           {}
func (ApplyTimestamp) operation()    {}
func (PickFile) operation()          {}
func (SetLocale) operation()         {}
func (OpenWindow) operation()        {}
func (MakeCSR) operation()           {}
func (ImportCertificate) operation() {}
