package transfer

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// A QR code of these bounds can be read off a screen. Google Authenticator itself puts 10 accounts into one.
const (
	maxBatch    = 10
	maxBatchURI = 1200
	batchSpare  = 80 // the most that version, size, index and id of a batch take in the URI
)

// Migration writes entries as Google Authenticator exports them: URIs that each fit into a QR code. What it cannot hold
// is left out, and the error is a *LeftOut then. The caller wipes the URIs.
func Migration(entries []Entry) (uris [][]byte, err error) {
	fit, left := format{holds: fitsMigration}.fitting(entries)
	uris = migrationURIs(fit)
	if left == nil {
		return uris, nil
	}
	return uris, left
}

func writeMigration(entries []Entry) ([]byte, error) { return joinLines(migrationURIs(entries)), nil }

// fitsMigration says why the format cannot hold an account: it has no field for most of what accounts may have.
func fitsMigration(p otpauth.Params) error {
	var what string
	switch {
	case isSteam(p.Issuer):
		what = "codes of Steam"
	case p.Type == oath.TOTP && p.Period != oath.DefaultPeriod:
		what = "a period other than 30 seconds"
	case p.Digits != 6 && p.Digits != 8:
		what = fmt.Sprintf("%d digits", p.Digits)
	}
	if what != "" {
		return fmt.Errorf("it has %s, which Google Authenticator does not know", what)
	}
	account := accountField(p)
	defer otpauth.Wipe(account)
	if uriSize(account)+batchSpare > maxBatchURI {
		return errors.New("it is too long for a QR code")
	}
	return nil
}

func migrationURIs(entries []Entry) [][]byte {
	batches := batch(entries)
	id := batchID()
	for i, b := range batches {
		batches[i] = migrationURI(b, len(batches), i, id)
		otpauth.Wipe(b)
	}
	return batches
}

// batch fills QR codes with accounts, in their order.
func batch(entries []Entry) (batches [][]byte) {
	count := maxBatch // in the last one
	for _, e := range entries {
		account := accountField(e.Params)
		if count < maxBatch {
			last := &batches[len(batches)-1]
			longer := slices.Concat(*last, account)
			if uriSize(longer)+batchSpare <= maxBatchURI {
				otpauth.Wipe(*last)
				otpauth.Wipe(account)
				*last = longer
				count++
				continue
			}
			otpauth.Wipe(longer)
		}
		batches = append(batches, account)
		count = 1
	}
	return batches
}

// batchID returns a number that another export hardly has.
func batchID() uint64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.BigEndian.Uint32(b[:]) >> 1)
}

// accountField is an account as a field of the payload.
func accountField(p otpauth.Params) []byte {
	name := p.Account
	if p.Issuer == "" && strings.Contains(name, ":") || strings.HasPrefix(name, p.Issuer+":") {
		name = p.Issuer + ":" + name // for what splitName takes off
	}
	m := make([]byte, 0, len(p.Secret)+len(name)+len(p.Issuer)+64) // so that no copy with the secret is left behind
	m = appendProtoBytes(m, accountSecret, p.Secret)
	m = appendProtoBytes(m, accountName, []byte(name))
	m = appendProtoBytes(m, accountIssuer, []byte(p.Issuer))
	m = appendProtoNumber(m, accountAlgorithm, uint64(p.Algorithm)) // the same numbers for the three that a key knows
	m = appendProtoNumber(m, accountDigits, uint64(p.Digits/2-2))   // 1: six, 2: eight
	if p.Type == oath.HOTP {
		m = appendProtoNumber(m, accountType, 1)
		m = appendProtoNumber(m, accountCounter, p.Counter)
	} else {
		m = appendProtoNumber(m, accountType, 2)
	}
	defer otpauth.Wipe(m)
	return appendProtoBytes(make([]byte, 0, len(m)+8), payloadAccounts, m)
}

func migrationURI(accounts []byte, size, index int, id uint64) []byte {
	m := make([]byte, len(accounts), len(accounts)+batchSpare)
	copy(m, accounts)
	m = appendProtoNumber(m, payloadVersion, 1)
	m = appendProtoNumber(m, payloadBatchSize, uint64(size))
	m = appendProtoNumber(m, payloadBatchIndex, uint64(index))
	m = appendProtoNumber(m, payloadBatchID, id)
	defer otpauth.Wipe(m)
	text := make([]byte, base64.StdEncoding.EncodedLen(len(m)))
	base64.StdEncoding.Encode(text, m)
	defer otpauth.Wipe(text)
	uri := make([]byte, 0, len(migrationPrefix)+3*len(text))
	uri = append(uri, migrationPrefix...)
	for _, c := range text {
		if escape := bytes.IndexByte([]byte("+/="), c); escape >= 0 {
			uri = append(uri, []string{"%2B", "%2F", "%3D"}[escape]...)
			continue
		}
		uri = append(uri, c)
	}
	return uri
}

const migrationPrefix = "otpauth-migration://offline?data="

// uriSize is the length of a URI of these accounts, without batchSpare.
func uriSize(accounts []byte) int {
	uri := migrationURI(accounts, 0, 0, 0)
	defer otpauth.Wipe(uri)
	return len(uri)
}
