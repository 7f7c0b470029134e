package transfer

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"ykmfa/internal/otpauth"
)

// The JSON export of Bitwarden, plain, or encrypted with a password of its own. The encrypted one that is restricted to
// an account has a key that only Bitwarden's server gives out.

type bitwardenExport struct {
	Encrypted, PasswordProtected                      bool
	Salt                                              string
	KDFType, KDFIterations, KDFMemory, KDFParallelism number
	Validation                                        text `json:"encKeyValidation_DO_NOT_EDIT"`
	Data                                              text
	Items                                             raw
}

func isBitwarden(data []byte) bool {
	has := func(key string) bool { return looksJSON(data, '{', key) }
	return has("encKeyValidation_DO_NOT_EDIT") || has("items") && (has("encrypted") || has("folders") || has("collections"))
}

func readBitwarden(ctx context.Context, in Input) (*File, error) {
	var export bitwardenExport
	if err := parseJSON(in.Data, &export); err != nil {
		return nil, err
	}
	switch {
	case !export.Encrypted:
		return bitwardenItems(export.Items)
	case !export.PasswordProtected:
		return nil, errors.New("this encrypted export opens only in the account that it came from: export again, with the type \"password protected\"")
	}
	plain, err := export.open(ctx, in)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(plain)
	var inner bitwardenExport
	if err := parseJSON(plain, &inner); err != nil {
		return nil, err
	}
	return bitwardenItems(inner.Items)
}

// open decrypts the data after the field that is there to check the password with.
func (e *bitwardenExport) open(ctx context.Context, in Input) ([]byte, error) {
	derive, err := e.derivation()
	if err != nil {
		return nil, err
	}
	validation, err1 := parseBitwardenSeal(e.Validation)
	data, err2 := parseBitwardenSeal(e.Data)
	if err1 != nil || err2 != nil {
		return nil, errDamaged
	}
	key, err := in.ask(ctx, "password of the Bitwarden export", derive)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(key)
	if text, err := validation.open(key); err != nil {
		return nil, ErrPassword
	} else {
		otpauth.Wipe(text)
	}
	plain, err := data.open(key)
	if err != nil {
		return nil, errDamaged // the password was right
	}
	return plain, nil
}

// derivation is PBKDF2-HMAC-SHA256 (0) or Argon2id (1) of a salt that is taken as the text it is written as.
func (e *bitwardenExport) derivation() (derivation, error) {
	switch e.KDFType {
	case 0:
		return byPBKDF2(sha256.New, []byte(e.Salt), int64(e.KDFIterations), 32)
	case 1:
		salt := sha256.Sum256([]byte(e.Salt))
		mib := max(0, min(int64(e.KDFMemory), maxMemory)) // far beyond what is allowed, and far from an overflow
		return byArgon2(salt[:], int64(e.KDFIterations), mib<<10, int64(e.KDFParallelism))
	}
	return nil, errors.New("it asks for a key derivation that is not known")
}

// bitwardenSeal is "2.iv|data|mac" in base64: AES-256-CBC, and HMAC-SHA256 of iv and data.
type bitwardenSeal struct {
	iv, sealed, mac []byte
}

func parseBitwardenSeal(text []byte) (s bitwardenSeal, err error) {
	text, ok := bytes.CutPrefix(text, []byte("2."))
	fields := bytes.SplitN(text, []byte("|"), 4)
	if !ok || len(fields) != 3 {
		return s, errDamaged
	}
	for i, part := range []*[]byte{&s.iv, &s.sealed, &s.mac} {
		if *part, err = base64.StdEncoding.AppendDecode(nil, fields[i]); err != nil {
			return s, errDamaged
		}
	}
	return s, nil
}

// open makes the two keys of the one that came from the password, by the second half of HKDF (RFC 5869 section 2.3).
func (s bitwardenSeal) open(key []byte) ([]byte, error) {
	enc, err1 := hkdf.Expand(sha256.New, key, "enc", 32)
	mac, err2 := hkdf.Expand(sha256.New, key, "mac", 32)
	defer otpauth.Wipe(enc)
	defer otpauth.Wipe(mac)
	if err1 != nil || err2 != nil || !checkHMAC(sha256.New, mac, s.mac, s.iv, s.sealed) {
		return nil, ErrPassword
	}
	return openCBC(enc, s.iv, s.sealed)
}

func bitwardenItems(items raw) (*File, error) {
	file := &File{}
	return file.unless(items.each(func(n int, element raw) error {
		var item struct {
			Name  string
			Login struct {
				Username string
				TOTP     text
			}
		}
		err := parseEntry(element, &item)
		defer otpauth.Wipe(item.Login.TOTP)
		if err == nil && len(bytes.TrimSpace(item.Login.TOTP)) == 0 {
			return nil // a password, a card, a note
		}
		return file.addNamed(entryNumber(n), item.Name, item.Login.Username, item.Login.TOTP, err)
	}))
}
