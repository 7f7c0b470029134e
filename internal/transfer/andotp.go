package transfer

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"ykmfa/internal/otpauth"
)

// The backup of andOTP: a list in JSON, and the same sealed with AES-256-GCM. What is sealed has no mark at all, and two
// forms: rounds (4 bytes), salt, nonce, content, where the key is made by PBKDF2; or, until 2019, nonce and content,
// where the key is the plain SHA-256 of the password.
const (
	andOTPSalt  = 12
	andOTPNonce = 12
	andOTPTag   = 16
)

func isAndOTP(data []byte) bool {
	return looksJSON(data, '[', "secret", "label", "type", "algorithm")
}

func readAndOTP(_ context.Context, in Input) (*File, error) { return andOTPEntries(in.Data) }

// isAndOTPSealed takes what cannot be told from noise, and is the last to be asked.
func isAndOTPSealed(data []byte) bool {
	if len(data) < andOTPNonce+andOTPTag+len("[]") || hasMagic(data) {
		return false
	}
	if rounds := andOTPRounds(data); rounds > 0 {
		return isNoise(data[4:])
	}
	return isNoise(data)
}

// andOTPRounds is the number that the newer form begins with, or 0. The program took 140000 to 160000 of them.
func andOTPRounds(data []byte) int64 {
	rounds := int64(binary.BigEndian.Uint32(data))
	if rounds < 1_000 || rounds > 1_000_000 || len(data) < 4+andOTPSalt+andOTPNonce+andOTPTag {
		return 0
	}
	return rounds
}

func readAndOTPSealed(ctx context.Context, in Input) (*File, error) {
	password, err := in.askPassword(ctx, "password of the andOTP backup")
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(password)
	plain, err := openAndOTP(in.Data, password)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(plain)
	return andOTPEntries(plain)
}

func openAndOTP(data, password []byte) ([]byte, error) {
	if rounds := andOTPRounds(data); rounds > 0 {
		salt, rest := data[4:4+andOTPSalt], data[4+andOTPSalt:]
		derive, err := byPBKDF2(sha1.New, salt, rounds, 32)
		if err != nil {
			return nil, err
		}
		key, err := derive(password)
		if err != nil {
			return nil, err
		}
		defer otpauth.Wipe(key)
		if plain, err := openGCM(key, rest[:andOTPNonce], rest[andOTPNonce:]); err == nil {
			return plain, nil
		}
	}
	key := sha256.Sum256(password)
	defer otpauth.Wipe(key[:])
	return openGCM(key[:], data[:andOTPNonce], data[andOTPNonce:])
}

func andOTPEntries(data []byte) (*File, error) {
	var list raw
	if err := parseJSON(data, &list); err != nil {
		return nil, err
	}
	file := &File{}
	return file.unless(list.each(func(n int, element raw) error {
		p, err := andOTPEntry(element)
		return file.add(entryNumber(n), "", p, err)
	}))
}

func andOTPEntry(element raw) (otpauth.Params, error) {
	var e struct {
		Secret                  text
		Issuer                  *string
		Label, Type, Algorithm  string
		Digits, Period, Counter number
	}
	err := parseEntry(element, &e)
	defer otpauth.Wipe(e.Secret)
	if err != nil {
		return otpauth.Params{}, err
	}
	f := otpauth.Fields{Type: e.Type, Account: e.Label, Secret: e.Secret, Algorithm: e.Algorithm, Digits: e.Digits.String(),
		Period: e.Period.String(), Counter: e.Counter.String()}
	if e.Issuer != nil {
		f.Issuer = *e.Issuer
	} else if issuer, account, ok := strings.Cut(e.Label, " - "); ok { // versions before 0.6.3 had no issuer
		f.Issuer, f.Account = issuer, account
	}
	return f.Params()
}
