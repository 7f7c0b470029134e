package oath_test

import (
	"fmt"
	"log"
	"time"

	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
)

// A key that is locked by a password, and the code of one of its credentials. The card here is a virtual key in memory;
// package pcsc opens real ones.
func Example() {
	card := prepared("correct horse")

	session, err := oath.Select(card)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("locked:", session.Locked())
	if session.Locked() {
		key := oath.DeriveKey("correct horse", session.Salt)
		if err := session.Validate(key); err != nil {
			log.Fatal(err)
		}
	}

	id := []byte("ACME:alice")
	code, err := session.Code(id, oath.TOTP, time.Unix(59, 0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(oath.ParseName(id, oath.TOTP), code)
	// Output:
	// locked: true
	// ACME:alice 287082
}

// prepared is a key with one credential and a password, just plugged in.
func prepared(password string) oath.Card {
	card, err := virtualkey.Open(virtualkey.Options{})
	if err != nil {
		log.Fatal(err)
	}
	session, err := oath.Select(card)
	if err != nil {
		log.Fatal(err)
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
	if err := session.SetKey(oath.DeriveKey(password, session.Salt)); err != nil {
		log.Fatal(err)
	}
	card.Reset()
	return card
}
