package pki

import (
	"slices"
	"strings"
)

// Role is what an organisation lets the holder do, or the kind of system the
// key belongs to. "role." and the value make the key of its name in the
// catalogue of texts. The empty role is a person acting for nobody else.
type Role string

// Roles, from the extended key usages of national certificates.
const (
	RoleHead             Role = "head"     // first head: the right of signature without a proxy
	RoleSign             Role = "sign"     // right of signature
	RoleFinance          Role = "finance"  // right of signature of financial documents
	RoleHR               Role = "hr"       // personnel officer
	RoleEmployee         Role = "employee" // employee
	RoleSystem           Role = "system"   // information system of an organisation
	RoleIndividualSystem Role = "individual_system"
	RoleTreasury         Role = "treasury"
	RoleNotary           Role = "notary"
	RoleNCAAdmin         Role = "nca_admin"
	RoleNCAManager       Role = "nca_manager"
	RoleNCAOperator      Role = "nca_operator"
)

// roles in the order of precedence, for a certificate that names several.
var roles = []struct {
	usage string
	role  Role
}{
	{UsageTreasury, RoleTreasury},
	{UsageNotary, RoleNotary},
	{UsageHead, RoleHead},
	{UsageSign, RoleSign},
	{UsageFinance, RoleFinance},
	{UsageHR, RoleHR},
	{UsageEmployee, RoleEmployee},
	{UsageSystem, RoleSystem},
	{UsageIndividualSystem, RoleIndividualSystem},
	{UsageNCAAdmin, RoleNCAAdmin},
	{UsageNCAManager, RoleNCAManager},
	{UsageNCAOperator, RoleNCAOperator},
}

// Usage returns the extended key usage that stands for the role, or "".
func (r Role) Usage() string {
	for _, entry := range roles {
		if entry.role == r {
			return entry.usage
		}
	}
	return ""
}

// Kind says on whose behalf a key signs.
type Kind int

const (
	// KindOther is an authority, a time-stamping or status service, or a
	// certificate from elsewhere.
	KindOther Kind = iota
	// NaturalPerson signs for themselves.
	NaturalPerson
	// Organisation is a person signing for an organisation.
	Organisation
	// InformationSystem is a program.
	InformationSystem
)

// Subject is what people want to know about the holder of a certificate. Texts
// are as in the certificate; fields it does not have are empty.
type Subject struct {
	CommonName string // surname and given name; the name of a system
	Surname    string
	GivenName  string // the common name without the surname
	Patronymic string
	IIN        string // 12 digits, number of the person
	BIN        string // 12 digits, number of the organisation

	Organisation string
	Email        string
	Locality     string
	SystemID     string // object identifier of an information system

	Role  Role   // the main one
	Roles []Role // all of them
	Kind  Kind
}

// Person reads the holder from the subject name and the extended key usages.
func (c *Certificate) Person() Subject {
	s := Subject{
		CommonName:   c.Subject.CommonName(),
		Surname:      c.Subject.Get(OIDSurname),
		Patronymic:   c.Subject.Get(OIDGivenName),
		Organisation: c.Subject.Get(OIDOrganization),
		Email:        c.Subject.Get(OIDEmail),
		Locality:     c.Subject.Get(OIDLocality),
		SystemID:     c.Subject.Get(OIDUserID),
		IIN:          numbered(c.Subject, OIDSerialNumber, "IIN"),
		BIN:          numbered(c.Subject, OIDOrganizationUnit, "BIN"),
		Roles:        rolesOf(c.ExtKeyUsage),
	}
	if rest, ok := strings.CutPrefix(s.CommonName, s.Surname+" "); ok && s.Surname != "" {
		s.GivenName = strings.TrimSpace(rest)
	}
	if s.Email == "" && len(c.Emails) > 0 {
		s.Email = c.Emails[0]
	}
	if len(s.Roles) > 0 {
		s.Role = s.Roles[0]
	}
	s.Kind = c.kind(s)
	return s
}

func rolesOf(usages []string) []Role {
	var found []Role
	for _, entry := range roles {
		for _, usage := range usages {
			// Single systems are numbered below the usage of all systems.
			if usage == entry.usage || entry.role == RoleSystem && strings.HasPrefix(usage, UsageSystem+".") {
				found = append(found, entry.role)
				break
			}
		}
	}
	return found
}

// kind goes by the usages first. Certificates of systems name no person; some
// have only the usage "organisation", so the name decides there.
func (c *Certificate) kind(s Subject) Kind {
	switch {
	case c.IsCA, slices.Contains(c.ExtKeyUsage, UsageTimeStamping), slices.Contains(c.ExtKeyUsage, UsageOCSPSigning):
		return KindOther
	case slices.Contains(s.Roles, RoleSystem), slices.Contains(s.Roles, RoleIndividualSystem),
		s.SystemID != "" && s.IIN == "":
		return InformationSystem
	case slices.Contains(c.ExtKeyUsage, UsageOrganisation), s.BIN != "":
		return Organisation
	case slices.Contains(c.ExtKeyUsage, UsageIndividual), s.IIN != "":
		return NaturalPerson
	}
	return KindOther
}

// numbered finds a value of a prefix and twelve digits. Check digits are not
// checked: the numbers of the national test keys do not satisfy the rule.
func numbered(name Name, oid OID, prefix string) string {
	for _, rdn := range name.RDNs {
		for _, a := range rdn {
			if !a.Type.Equal(oid) || a.Binary {
				continue
			}
			number, ok := strings.CutPrefix(a.Value, prefix)
			if ok && len(number) == 12 && strings.Trim(number, "0123456789") == "" {
				return number
			}
		}
	}
	return ""
}
