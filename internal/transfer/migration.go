package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ykmfa/internal/otpauth"
)

// Google Authenticator exports by QR codes that hold otpauth-migration://offline?data=BASE64. The base64 is a message of
// Protocol Buffers, of which no document exists; Aegis has a description (app/src/main/proto/google_auth.proto).
const (
	payloadAccounts   = 1 // repeated
	payloadVersion    = 2
	payloadBatchSize  = 3
	payloadBatchIndex = 4
	payloadBatchID    = 5

	accountSecret    = 1 // bytes, not base32
	accountName      = 2
	accountIssuer    = 3
	accountAlgorithm = 4
	accountDigits    = 5
	accountType      = 6
	accountCounter   = 7
)

const maxMigration = 1 << 20 // bytes of a URI; a QR code holds 3 KB

var (
	errMigration     = errors.New("it is a damaged export of Google Authenticator")
	errMigrationLong = errors.New("it is longer than any export of Google Authenticator")
	errMigrationData = errors.New("it is an export of Google Authenticator, but without its data")
	errNoAccounts    = errors.New("it is an export of Google Authenticator without any account")
)

// migration collects the parts of exports, which come in any order, and more than once.
type migration struct {
	exports []*series
	byKey   map[seriesKey]*series
	seen    map[[sha256.Size]byte]bool // parts
}

// series is one run of the export, whose parts share an id.
type series struct {
	seriesKey
	line  int // of its first part
	parts map[int32]bool
}

type seriesKey struct{ id, size int32 }

// payload is one QR code.
type payload struct {
	accounts        [][]byte
	size, index, id int32
}

// read reads the URI on a line. The same part again adds nothing.
func (m *migration) read(line int, uri []byte) []Entry {
	where := lineNumber(line)
	message, err := migrationData(uri)
	defer otpauth.Wipe(message)
	if err != nil {
		return []Entry{{Where: where, Err: err}}
	}
	p, ok := readPayload(message)
	switch {
	case !ok:
		return []Entry{{Where: where, Err: errMigration}}
	case !m.isNew(line, message, p):
		return nil
	case len(p.accounts) == 0:
		return []Entry{{Where: where, Err: errNoAccounts}}
	}
	entries := make([]Entry, len(p.accounts))
	for i, account := range p.accounts {
		params, err := readAccount(account)
		entries[i] = Entry{Where: fmt.Sprintf("%s, account %d", where, i+1), Params: params, Err: err}
	}
	return entries
}

// migrationData returns the message in the URI, for the caller to wipe. A plus sign may have become a blank on its way,
// and base64 may be of either alphabet, with padding or without.
func migrationData(uri []byte) ([]byte, error) {
	if len(uri) > maxMigration {
		return nil, errMigrationLong
	}
	_, query, _ := bytes.Cut(uri, []byte("?"))
	query, _, _ = bytes.Cut(query, []byte("#"))
	for pair := range bytes.SplitSeq(query, []byte("&")) {
		value, ok := bytes.CutPrefix(pair, []byte("data="))
		if !ok {
			continue
		}
		text, ok := unescapeBase64(value)
		defer otpauth.Wipe(text)
		message := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
		n, err := base64.RawStdEncoding.Decode(message, text)
		if err != nil || !ok {
			otpauth.Wipe(message)
			return nil, errMigration
		}
		return message[:n], nil
	}
	return nil, errMigrationData
}

// unescapeBase64 takes percent signs (RFC 3986 section 2.1) and padding out, and makes the alphabet the usual one.
func unescapeBase64(value []byte) (text []byte, ok bool) {
	text = make([]byte, 0, len(value))
	for len(value) > 0 {
		c, n := value[0], 1
		if c == '%' {
			if len(value) < 3 {
				return text, false
			}
			code, err := strconv.ParseUint(string(value[1:3]), 16, 8)
			if err != nil {
				return text, false
			}
			c, n = byte(code), 3
		}
		value = value[n:]
		switch c {
		case ' ', '-':
			c = '+'
		case '_':
			c = '/'
		}
		text = append(text, c)
	}
	return bytes.TrimRight(text, "="), true
}

func readPayload(message []byte) (p payload, ok bool) {
	for f, ok := range protoFields(message) {
		switch {
		case !ok:
			return payload{}, false
		case f.number == payloadAccounts && f.bytes != nil:
			p.accounts = append(p.accounts, f.bytes)
		case f.number == payloadBatchSize:
			p.size = int32(f.value)
		case f.number == payloadBatchIndex:
			p.index = int32(f.value)
		case f.number == payloadBatchID:
			p.id = int32(f.value)
		}
	}
	return p, true
}

func readAccount(message []byte) (otpauth.Params, error) {
	var fields otpauth.Fields
	var name string
	for f, ok := range protoFields(message) {
		if !ok {
			return otpauth.Params{}, errMigration
		}
		var err error
		switch f.number {
		case accountSecret:
			fields.Raw = f.bytes
		case accountName:
			name = string(f.bytes)
		case accountIssuer:
			fields.Issuer = string(f.bytes)
		case accountAlgorithm:
			fields.Algorithm = pick(f.value, "", "SHA1", "SHA256", "SHA512", "MD5")
		case accountDigits:
			if fields.Digits = pick(f.value, "", "6", "8"); fields.Digits == unknown {
				err = &otpauth.FeatureError{Feature: "a number of digits other than 6 and 8"}
			}
		case accountType:
			fields.Type = pick(f.value, "", "hotp", "totp")
		case accountCounter:
			fields.Counter = strconv.FormatInt(int64(f.value), 10)
		}
		if err != nil {
			return otpauth.Params{}, err
		}
	}
	fields.Issuer, fields.Account = splitName(fields.Issuer, name)
	return fields.Params()
}

const unknown = "unknown"

// pick returns the name of a number, of those that are known.
func pick(n uint64, names ...string) string {
	if n >= uint64(len(names)) {
		return unknown
	}
	return names[n]
}

// splitName undoes what Google Authenticator does to labels: the name keeps the issuer in front of it, and some writers
// have it only there.
func splitName(issuer, name string) (string, string) {
	if issuer != "" {
		return issuer, strings.TrimPrefix(name, issuer+":")
	}
	if before, after, ok := strings.Cut(name, ":"); ok {
		return before, after
	}
	return "", name
}

// isNew notes a part, and reports whether it was not there before. What tells parts apart is all of their content: the
// ids of other writers are often 0.
func (m *migration) isNew(line int, message []byte, p payload) bool {
	sum := sha256.Sum256(message)
	if m.seen[sum] {
		return false
	}
	if m.seen == nil {
		m.seen = map[[sha256.Size]byte]bool{}
	}
	m.seen[sum] = true
	if p.size <= 1 || p.index < 0 || p.index >= p.size {
		return true
	}
	m.series(line, p).parts[p.index] = true
	return true
}
