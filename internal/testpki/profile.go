package testpki

import (
	"crypto"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tanba/internal/pki"
)

// Profile says what to issue. The zero value is a natural person with a
// GOST 34.10-2015 (512) key, valid for a year from a day ago.
type Profile struct {
	Family pki.Family // 0: GOST512
	Role   pki.Role   // "" with an Organisation: a member without a role

	CommonName string // default: Surname and GivenName
	Surname    string
	GivenName  string
	Patronymic string
	IIN        string // 12 digits
	Locality   string // L and ST, as until about 2020

	Organisation     string
	BIN              string // 12 digits
	BusinessCategory string // treasury clients
	SystemID         string // UID of an information system, a dotted identifier
	Email            string

	NotBefore, NotAfter time.Time

	// AuthOnly and SignOnly are the two halves of the pairs that were issued
	// until 2024. RSA and GOST 2004 keys are never of the combined profile: with
	// neither set they are for signatures.
	AuthOnly, SignOnly bool

	// Service makes a certificate of the authority's own services.
	Service Service

	// What real certificates do not have, for tests of refusal.
	KeyUsage      pki.KeyUsage // 0: by profile
	ExtKeyUsage   []string     // nil: by profile; empty: no extension
	SwapCritical  bool         // extKeyUsage critical and keyUsage not, met in 2024 and 2026
	NoAuthorityID bool         // no authorityKeyIdentifier
	ByRoot        bool         // issued by the root, as only authorities are
}

// Service is a kind of certificate that belongs to no person.
type Service int

const (
	// NoService: a certificate for a person, organisation or system.
	NoService Service = iota
	// TimeStamping is a time-stamping authority.
	TimeStamping
	// OCSPResponder is a certificate status service.
	OCSPResponder
)

// Identity is a key with its certificate.
type Identity struct {
	Key         crypto.Signer
	Certificate *pki.Certificate
}

// Issue makes a key and a certificate for it. RSA certificates come from the
// RSA issuing authority, all others from the GOST one.
func (a *Authority) Issue(p Profile) (*Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issue(p)
}

func (a *Authority) issue(p Profile) (*Identity, error) {
	if p.Family == 0 {
		p.Family = pki.GOST512
	}
	key, err := a.newKey(p.Family)
	if err != nil {
		return nil, err
	}
	public, err := pki.PublicKeyOf(key)
	if err != nil {
		return nil, fmt.Errorf("testpki: %w", err)
	}
	certificate, err := a.certify(public, p)
	if err != nil {
		return nil, err
	}
	return &Identity{Key: key, Certificate: certificate}, nil
}

// Certify issues a certificate for a key made elsewhere. Profile.Family is
// taken from the key.
func (a *Authority) Certify(public *pki.PublicKey, p Profile) (*pki.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.certify(public, p)
}

func (a *Authority) certify(public *pki.PublicKey, p Profile) (*pki.Certificate, error) {
	p.Family = public.Family
	if err := p.complete(a.now); err != nil {
		return nil, err
	}
	subject, err := p.subject()
	if err != nil {
		return nil, err
	}
	pair := &a.gost
	if p.Family == pki.RSA {
		if pair, err = a.rsaPair(); err != nil {
			return nil, err
		}
	}
	issuer := pair.issuing
	if p.ByRoot {
		issuer = pair.root
	}
	t := &template{
		serial: leafSerial(public.KeyID()),
		issuer: issuer.certificate.Subject, subject: subject,
		notBefore: p.NotBefore, notAfter: p.NotAfter, public: public,
	}
	base := a.URL
	t.extensions = []extension{
		policies(p.policy()),
		authorityInfo(base+"/ocsp/", base+"/cert/"+issuer.file+".cer"),
		points(pki.OIDCRLPoints, base+"/crl/"+issuer.file+".crl"),
		points(pki.OIDFreshestCRL, base+"/crl/"+issuer.file+"_d.crl"),
	}
	if usages := p.extKeyUsage(); len(usages) > 0 {
		t.extensions = append(t.extensions, extKeyUsage(p.SwapCritical || p.Service == TimeStamping, usages...))
	}
	t.extensions = append(t.extensions, keyUsage(p.keyUsage(), !p.SwapCritical), subjectKeyID(public.KeyID()))
	if !p.NoAuthorityID {
		t.extensions = append(t.extensions, authorityKeyID(issuer.certificate.SubjectKeyID))
	}
	if p.Email != "" {
		t.extensions = append(t.extensions, subjectAltName(p.Email))
	}
	if p.Service == OCSPResponder {
		t.extensions = append(t.extensions, ocspNoCheck())
	} else {
		t.extensions = append(t.extensions, keyStoreInfo())
	}
	return t.sign(issuer.key, a.rand)
}

// complete fills in what was left out, with people and bodies that cannot be
// mistaken for real ones.
func (p *Profile) complete(now time.Time) error {
	if p.AuthOnly && p.SignOnly {
		return errors.New("testpki: a key for authentication only and for signatures only")
	}
	if p.NotBefore.IsZero() {
		p.NotBefore = now.Add(-24 * time.Hour)
	}
	if p.NotAfter.IsZero() {
		p.NotAfter = p.NotBefore.AddDate(1, 0, 0)
	}
	if p.CommonName == "" {
		p.CommonName = strings.TrimSpace(p.Surname + " " + p.GivenName)
	}
	if p.CommonName != "" {
		return nil
	}
	switch {
	case p.Service == TimeStamping:
		p.CommonName = "TANBA TEST TIME-STAMPING"
	case p.Service == OCSPResponder:
		p.CommonName = "TANBA TEST OCSP"
	case p.system():
		p.CommonName = "СЫНАҚ ЖҮЙЕСІ"
		if p.SystemID == "" {
			p.SystemID = "1.2.398.6.10.1.1"
		}
	default:
		p.Surname, p.GivenName, p.Patronymic = "СЫНАҚОВ", "СЫНАҚ", "СЫНАҚҰЛЫ"
		p.CommonName = p.Surname + " " + p.GivenName
		if p.IIN == "" {
			p.IIN = "123456789011"
		}
	}
	return nil
}

func (p *Profile) system() bool { return p.Role == pki.RoleSystem }

func (p *Profile) organisation() bool {
	switch p.Role {
	case "", pki.RoleIndividualSystem:
		return p.Organisation != "" || p.BIN != ""
	}
	return true
}

// subject writes the name in the order of national certificates.
func (p *Profile) subject() (pki.Name, error) {
	var list []pki.Attribute
	add := func(oid pki.OID, prefix, value string) {
		if value != "" {
			list = append(list, pki.Attribute{Type: oid, Value: prefix + value})
		}
	}
	add(pki.OIDUserID, "", p.SystemID)
	if p.Role == pki.RoleTreasury {
		add(pki.OIDDomainComponent, "", "ROLE01")
	}
	add(pki.OIDCommonName, "", p.CommonName)
	add(pki.OIDSurname, "", p.Surname)
	add(pki.OIDSerialNumber, "IIN", p.IIN)
	add(pki.OIDCountry, "", "KZ")
	add(pki.OIDLocality, "", p.Locality)
	add(pki.OIDState, "", p.Locality)
	if p.organisation() {
		organisation, bin := p.Organisation, p.BIN
		if organisation == "" {
			organisation = `ТОО "СЫНАҚ"`
		}
		if bin == "" {
			bin = "123456789021"
		}
		add(pki.OIDOrganization, "", organisation)
		add(pki.OIDOrganizationUnit, "BIN", bin)
	} else if p.Service != NoService {
		add(pki.OIDOrganization, "", "ТАНБА СЫНАҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҒЫ")
	}
	if p.Role == pki.RoleTreasury {
		category := p.BusinessCategory
		if category == "" {
			category = "KS00000"
		}
		add(pki.OIDBusinessCategory, "", category)
	}
	add(pki.OIDGivenName, "", p.Patronymic)
	name, err := pki.NewName(list...)
	if err != nil {
		return pki.Name{}, fmt.Errorf("testpki: %w", err)
	}
	return name, nil
}

// combined reports whether one key serves both purposes.
func (p *Profile) combined() bool {
	return !p.AuthOnly && !p.SignOnly && (p.Family == pki.GOST512 || p.Family == pki.GOST256)
}

func (p *Profile) keyUsage() pki.KeyUsage {
	switch {
	case p.KeyUsage != 0:
		return p.KeyUsage
	case p.Service != NoService:
		return pki.DigitalSignature
	case p.combined():
		return pki.DigitalSignature | pki.NonRepudiation | pki.KeyAgreement
	case p.AuthOnly:
		return pki.DigitalSignature | pki.KeyEncipherment
	}
	return pki.DigitalSignature | pki.NonRepudiation
}

func (p *Profile) extKeyUsage() []pki.OID {
	var out []pki.OID
	if p.ExtKeyUsage != nil {
		for _, usage := range p.ExtKeyUsage {
			out = append(out, dotted(usage))
		}
		return out
	}
	switch p.Service {
	case TimeStamping:
		return []pki.OID{dotted(pki.UsageTimeStamping)}
	case OCSPResponder:
		return []pki.OID{dotted(pki.UsageOCSPSigning)}
	}
	switch {
	case p.AuthOnly:
		out = append(out, dotted(pki.UsageClientAuth))
	case !p.system():
		out = append(out, dotted(pki.UsageEmailProtection))
	}
	if p.organisation() {
		out = append(out, dotted(pki.UsageOrganisation))
	} else {
		out = append(out, dotted(pki.UsageIndividual))
	}
	if usage := p.Role.Usage(); usage != "" {
		out = append(out, dotted(usage))
	}
	return out
}

func (p *Profile) policy() string {
	switch {
	case p.Service == TimeStamping:
		return pki.PolicyTimeStamping
	case p.Service != NoService, p.combined():
		return pki.PolicyCombined
	case p.AuthOnly && p.organisation():
		return pki.PolicyAuthOrg
	case p.AuthOnly:
		return pki.PolicyAuthPerson
	case p.organisation():
		return pki.PolicySignOrg
	}
	return pki.PolicySignPerson
}

// dotted reads an object identifier. The texts are constants or a test's own;
// a bad one makes an empty identifier, which does not encode.
func dotted(text string) pki.OID {
	var oid pki.OID
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		oid = append(oid, n)
	}
	return oid
}
