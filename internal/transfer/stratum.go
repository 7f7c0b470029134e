package transfer

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/sha1"
	"encoding/json"
	"fmt"

	"ykmfa/internal/otpauth"
)

// Backups of Stratum, which was called Authenticator Pro, are described in its doc/BACKUP_FORMAT.md: JSON, or a header,
// salt, nonce and what is encrypted.
const (
	stratumHeader    = "AUTHENTICATORPRO" // Argon2id and AES-256-GCM
	stratumHeaderOld = "AuthenticatorPro" // PBKDF2 and AES-256-CBC
)

func isStratum(data []byte) bool {
	return bytes.HasPrefix(data, []byte(stratumHeader)) || bytes.HasPrefix(data, []byte(stratumHeaderOld)) ||
		looksJSON(data, '{', "Authenticators", "Issuer", "Username", "Secret", "Algorithm")
}

func readStratum(ctx context.Context, in Input) (*File, error) {
	open := openStratum
	switch {
	case bytes.HasPrefix(in.Data, []byte(stratumHeader)):
	case bytes.HasPrefix(in.Data, []byte(stratumHeaderOld)):
		open = openStratumOld
	default:
		return stratumEntries(in.Data)
	}
	plain, err := open(ctx, in, in.Data[len(stratumHeader):])
	defer otpauth.Wipe(plain)
	if err != nil {
		return nil, err
	}
	return stratumEntries(plain)
}

const stratumQuestion = "password of the Stratum backup"

func openStratum(ctx context.Context, in Input, data []byte) ([]byte, error) {
	const salt, nonce = 16, 12
	if len(data) < salt+nonce {
		return nil, errDamaged
	}
	derive, err := byArgon2(data[:salt], 3, 64<<10, 4)
	if err != nil {
		return nil, err
	}
	key, err := in.ask(ctx, stratumQuestion, derive)
	defer otpauth.Wipe(key)
	if err != nil {
		return nil, err
	}
	return openGCM(key, data[salt:salt+nonce], data[salt+nonce:])
}

func openStratumOld(ctx context.Context, in Input, data []byte) ([]byte, error) {
	const salt = 20
	if len(data) < salt+2*aes.BlockSize || (len(data)-salt)%aes.BlockSize != 0 {
		return nil, errDamaged
	}
	derive, err := byPBKDF2(sha1.New, data[:salt], 64_000, 32)
	if err != nil {
		return nil, err
	}
	key, err := in.ask(ctx, stratumQuestion, derive)
	defer otpauth.Wipe(key)
	if err != nil {
		return nil, err
	}
	plain, err := openCBC(key, data[salt:salt+aes.BlockSize], data[salt+aes.BlockSize:])
	if err != nil || !json.Valid(plain) { // nothing else tells whether the password was right
		otpauth.Wipe(plain)
		return nil, ErrPassword
	}
	return plain, nil
}

func stratumEntries(data []byte) (*File, error) {
	var backup struct{ Authenticators raw }
	if err := parseJSON(data, &backup); err != nil {
		return nil, err
	}
	var file File
	err := backup.Authenticators.each(func(n int, element raw) error {
		p, err := stratumEntry(element)
		return file.add(entryNumber(n), "", p, err)
	})
	return file.unless(err)
}

func stratumEntry(element raw) (otpauth.Params, error) {
	var a struct {
		Type, Algorithm, Digits, Period, Counter number
		Issuer, Username                         string
		Secret                                   text
	}
	err := parseEntry(element, &a)
	defer otpauth.Wipe(a.Secret)
	if err != nil {
		return otpauth.Params{}, err
	}
	f := otpauth.Fields{
		Type:      pick(uint64(a.Type), unknown, "hotp", "totp", "motp", "steam", "yaotp"),
		Issuer:    a.Issuer,
		Account:   a.Username,
		Secret:    a.Secret,
		Algorithm: pick(uint64(a.Algorithm), "SHA1", "SHA256", "SHA512"),
		Digits:    a.Digits.String(),
		Period:    a.Period.String(),
		Counter:   fmt.Sprint(int64(a.Counter)),
	}
	return f.Params()
}
