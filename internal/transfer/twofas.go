package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"ykmfa/internal/otpauth"
)

// The backup of 2FAS (.2fas). It is sealed with AES-256-GCM under a key of PBKDF2 with always the same number of rounds;
// the schema numbers 1 to 4 differ in what a YubiKey does not need, such as groups and icons.

const (
	twoFASRounds = 10_000
	twoFASSchema = 4 // the newest that is known
)

func is2FAS(data []byte) bool { return looksJSON(data, '{', "schemaVersion", "services") }

func read2FAS(ctx context.Context, in Input) (*File, error) {
	var backup struct {
		SchemaVersion     number
		Services          raw
		ServicesEncrypted text
	}
	if err := parseJSON(in.Data, &backup); err != nil {
		return nil, err
	}
	if backup.SchemaVersion < 1 || backup.SchemaVersion > twoFASSchema {
		return nil, fmt.Errorf("version %d of the backup is not known", backup.SchemaVersion)
	}
	if len(backup.ServicesEncrypted) == 0 {
		return twoFASServices(backup.Services)
	}
	plain, err := open2FAS(ctx, in, backup.ServicesEncrypted)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(plain)
	return twoFASServices(plain)
}

// open2FAS opens data:salt:nonce, each in base64.
func open2FAS(ctx context.Context, in Input, sealed []byte) ([]byte, error) {
	var parts [3][]byte
	fields := bytes.SplitN(sealed, []byte(":"), len(parts))
	if len(fields) < len(parts) {
		return nil, errDamaged
	}
	for i, field := range fields {
		var err error
		if parts[i], err = base64.StdEncoding.AppendDecode(nil, field); err != nil {
			return nil, errDamaged
		}
	}
	derive, err := byPBKDF2(sha256.New, parts[1], twoFASRounds, 32)
	if err != nil {
		return nil, err
	}
	key, err := in.ask(ctx, "password of the 2FAS backup", derive)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(key)
	return openGCM(key, parts[2], parts[0])
}

func twoFASServices(list []byte) (*File, error) {
	var services raw
	if err := parseJSON(list, &services); err != nil {
		return nil, err
	}
	file := &File{}
	return file.unless(services.each(func(n int, element raw) error {
		p, title, err := twoFASService(element)
		return file.add(entryNumber(n), title, p, err)
	}))
}

func twoFASService(element raw) (p otpauth.Params, title string, err error) {
	var s struct {
		Name   string
		Secret text
		OTP    struct {
			Label, Account, Issuer, Algorithm, TokenType string
			Digits, Period, Counter                      number
		}
	}
	err = parseEntry(element, &s)
	defer otpauth.Wipe(s.Secret)
	if err != nil {
		return p, "", err
	}
	issuer, account := s.OTP.Issuer, s.OTP.Account
	if account == "" {
		account = s.OTP.Label
	}
	if issuer == "" && s.Name != account {
		issuer = s.Name
	}
	p, err = otpauth.Fields{Type: s.OTP.TokenType, Issuer: issuer, Account: account, Secret: s.Secret, Algorithm: s.OTP.Algorithm,
		Digits: s.OTP.Digits.String(), Period: s.OTP.Period.String(), Counter: s.OTP.Counter.String()}.Params()
	return p, s.Name, err
}
