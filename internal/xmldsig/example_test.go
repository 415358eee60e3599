package xmldsig_test

import (
	"fmt"
	"log"
	"time"

	"tanba/internal/testpki"
	"tanba/internal/xmldsig"
)

func Example() {
	authority, err := testpki.New(nil, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	id, err := authority.Issue(testpki.Profile{CommonName: "ТЕСТОВ ТЕСТ"})
	if err != nil {
		log.Fatal(err)
	}
	signer, err := xmldsig.NewSigner(id.Key, id.Certificate)
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign([]byte("<login><url>egov.kz</url></login>"), xmldsig.Options{Compact: true})
	if err != nil {
		log.Fatal(err)
	}
	list, err := xmldsig.Verify(signed)
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range list {
		fmt.Println(v.Certificate.Subject.CommonName(), "signed", string(v.Parts[0].Bytes))
	}
	// Output: ТЕСТОВ ТЕСТ signed <login><url>egov.kz</url></login>
}
