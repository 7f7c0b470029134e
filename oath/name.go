package oath

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Name is the structure that programs give to a credential id, which is opaque to the card:
//
//	[period/][issuer:]account
//
// in UTF-8, at most 64 bytes, with the period in seconds and only if it is not 30. Parsing and building again does not
// always give the same bytes ("30/x"), so address a credential by its id and use Name for display.
type Name struct {
	Issuer  string
	Account string
	Period  time.Duration // 0 for HOTP
}

// ParseName never fails: an id without the structure, or that is not UTF-8, is all account. The period is kept as it
// is written, even 0, which TimeChallenge takes for DefaultPeriod.
func ParseName(id []byte, t Type) Name {
	text := string(id)
	if !utf8.Valid(id) {
		return Name{Account: text, Period: defaultPeriod(t)}
	}
	if t == HOTP {
		issuer, account, found := strings.Cut(text, ":")
		if !found || issuer == "" {
			return Name{Account: text}
		}
		return Name{Issuer: issuer, Account: account}
	}
	period, rest := cutPeriod(text)
	issuer, account, found := strings.Cut(rest, ":")
	if !found || issuer == "" || account == "" {
		return Name{Account: rest, Period: period}
	}
	return Name{Issuer: issuer, Account: account, Period: period}
}

// maxPeriod is more than any clock needs, and fits a Duration.
const maxPeriod = 100 * 365 * 24 * time.Hour

// cutPeriod splits "60/rest". A number above maxPeriod is part of the account.
func cutPeriod(text string) (time.Duration, string) {
	digits, rest, found := strings.Cut(text, "/")
	if !found || digits == "" || rest == "" || strings.Trim(digits, "0123456789") != "" {
		return DefaultPeriod, text
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > int64(maxPeriod/time.Second) {
		return DefaultPeriod, text
	}
	return time.Duration(n) * time.Second, rest
}

func defaultPeriod(t Type) time.Duration {
	if t == HOTP {
		return 0
	}
	return DefaultPeriod
}

// ID builds the credential id. It fails with ErrInvalid when that is empty or longer than 64 bytes, or when the period
// is not one of whole seconds up to a hundred years.
func (n Name) ID(t Type) ([]byte, error) {
	id := n.String()
	switch {
	case t == HOTP:
	case n.Period < time.Second || n.Period > maxPeriod || n.Period%time.Second != 0:
		return nil, fmt.Errorf("%w: a period is a number of seconds, at least 1 and at most a hundred years", ErrInvalid)
	case n.Period != DefaultPeriod:
		id = strconv.FormatInt(int64(n.Period/time.Second), 10) + "/" + id
	}
	if n.Account == "" {
		return nil, fmt.Errorf("%w: the account's name is empty", ErrInvalid)
	}
	if len(id) > maxID {
		return nil, fmt.Errorf("%w: %q has %d bytes, and the key keeps %d of issuer, account and period together",
			ErrInvalid, id, len(id), maxID)
	}
	return []byte(id), nil
}

// String is the id without the period.
func (n Name) String() string {
	if n.Issuer == "" {
		return n.Account
	}
	return n.Issuer + ":" + n.Account
}

// Hidden reports whether programs leave the credential out of listings.
func (n Name) Hidden() bool { return n.Issuer == "_hidden" }

// Steam reports whether a TOTP credential shows Steam's five characters in place of digits.
func (n Name) Steam() bool { return n.Issuer == "Steam" && n.Period != 0 }
