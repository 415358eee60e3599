package protocol

import "errors"

// Result is what came of an operation. A nil Result with a nil error is a
// success without content.
type Result interface{ result() }

// Tokens answers ActiveTokens: storage names in the order of the specification.
type Tokens []string

// Signatures answers SignCMS, SignFile, SignRaw and ApplyTimestamp: DER or bare
// signature values, in the order of the documents.
type Signatures struct {
	Values      [][]byte
	Certificate []byte // DER of the signer, for SignRaw.WithCertificate

	// Batch stands for Values when it is not nil: values that exist only in
	// the reply, so that no document is held twice.
	Batch Batch
}

// A Batch puts its values together while they are written. *cms.Batch is one.
type Batch interface {
	Len() int
	// Size is the length of value i, which is not zero.
	Size(i int) int
	// Pieces appends value i as pieces. What is not there already is written
	// behind scratch; both slices come back longer and are valid until
	// the next call.
	Pieces(pieces [][]byte, scratch []byte, i int) ([][]byte, []byte)
}

// len is the number of values.
func (s *Signatures) len() int {
	if s.Batch != nil {
		return s.Batch.Len()
	}
	return len(s.Values)
}

func (s *Signatures) size(i int) int {
	if s.Batch != nil {
		return s.Batch.Size(i)
	}
	return len(s.Values[i])
}

// XMLDocuments answers SignXML, in the order of the documents.
type XMLDocuments []string

// Path answers PickFile.
type Path string

// KeyInfo answers ShowKey. All members are required; the formats are those of
// commonUtils getKeyInfo.
type KeyInfo struct {
	Alias, KeyID, Algorithm     string
	SubjectCN, SubjectDN        string
	IssuerCN, IssuerDN          string
	SerialNumber                string
	NotBefore, NotAfter         string // milliseconds since 1970-01-01 UTC, decimal
	AuthorityKeyIdentifier, PEM string
}

// CSR answers MakeCSR: a PKCS#10 request and the name of its key.
type CSR struct {
	DER   []byte
	KeyID string
}

// Imported answers ImportCertificate.
type Imported struct {
	KeyID, Alias, SerialNumber, Storage string
}

func (CSR) result()          {}
func (Imported) result()     {}
func (Tokens) result()       {}
func (Signatures) result()   {}
func (XMLDocuments) result() {}
func (Path) result()         {}
func (KeyInfo) result()      {}

// Errors an operation may end with. Families put them into their own words;
// any other error is a failure of the operation and is never shown to a page.
var (
	// ErrCancelled: the person cancelled, closed the window, did not answer,
	// or the prompt was refused by a limit.
	ErrCancelled = errors.New("protocol: cancelled")
	// ErrNoDevice: a token storage was named and no such token is present.
	ErrNoDevice = errors.New("protocol: no device")
	// ErrFileNotFound: the one answer to every trouble with a path.
	ErrFileNotFound = errors.New("protocol: file not found")
	// ErrNotSupported: this build cannot do the operation.
	ErrNotSupported = errors.New("protocol: not supported")
	// ErrSigning: the key or the container failed after the person agreed.
	ErrSigning = errors.New("protocol: signing failed")
	// ErrTimestamp: no time-stamping authority answered after the person agreed.
	ErrTimestamp = errors.New("protocol: no time stamp")
	// ErrUnfitRequest: MakeCSR asks for what no request can hold.
	ErrUnfitRequest = errors.New("protocol: unfit request")
	// ErrUnfitCertificate: ImportCertificate got no valid certificate for the
	// key.
	ErrUnfitCertificate = errors.New("protocol: unfit certificate")
)
