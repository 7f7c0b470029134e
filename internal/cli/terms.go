package cli

import (
	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// recordedTerms gives a secret the terms that the account file has. A counter only ever goes up, so the higher one is
// the later one.
func recordedTerms(p otpauth.Params, acc account.Account) otpauth.Params {
	p.Type, p.Algorithm, p.Digits, p.Period = acc.Type, acc.Algorithm, acc.Digits, acc.Period
	p.Counter = max(p.Counter, acc.Counter)
	return p.WithDefaults()
}

// newCredential is what PUT stores for an account.
func newCredential(acc account.Account, p otpauth.Params) oath.NewCredential {
	return oath.NewCredential{
		ID: acc.ID, Type: p.Type, Algorithm: p.Algorithm, Secret: p.Secret,
		Digits: p.Digits, Touch: acc.Touch, Counter: uint32(p.Counter),
	}
}
