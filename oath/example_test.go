package oath_test

import (
	"fmt"
	"log"
	"time"

	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
)

// The card here is a virtual key in memory; package pcsc opens real ones.
func Example() {
	card, err := virtualkey.Open(virtualkey.Options{})
	if err != nil {
		log.Fatal(err)
	}
	session, err := oath.Select(card)
	if err != nil {
		log.Fatal(err)
	}
	if session.Locked() {
		key := oath.DeriveKey("correct horse", session.Salt)
		if err := session.Validate(key); err != nil {
			log.Fatal(err)
		}
	}

	name := oath.Name{Issuer: "ACME", Account: "alice", Period: oath.DefaultPeriod}
	id, err := name.ID(oath.TOTP)
	if err != nil {
		log.Fatal(err)
	}
	err = session.Put(oath.NewCredential{
		ID: id, Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6,
		Secret: []byte("12345678901234567890"), // the test secret of RFC 6238
	})
	if err != nil {
		log.Fatal(err)
	}

	code, err := session.Code(id, oath.TOTP, time.Unix(59, 0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(oath.ParseName(id, oath.TOTP), code)
	// Output: ACME:alice 287082
}
