package transfer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"ykmfa/internal/otpauth"
)

// PSKC is the Portable Symmetric Key Container of RFC 6030 (section numbers below are of that). ykman writes it and
// reads it, and sellers of hardware tokens send it. Prefixes of name spaces are not looked at: real files confuse them.

var errXML = errors.New("its XML is damaged or cut short")

func isPSKC(data []byte) bool {
	data = trimBOM(data)
	head := data[:min(len(data), 64<<10)]
	return len(data) > 0 && data[0] == '<' && bytes.Contains(head, []byte("KeyContainer"))
}

// pskcKey is the element Key (section 4.1).
type pskcKey struct {
	ID           string `xml:"Id,attr"`
	Algorithm    string `xml:"Algorithm,attr"`
	Issuer       string
	UserID       string `xml:"UserId"`
	FriendlyName string
	Parameters   struct {
		Suite  string
		Format struct {
			Length   string `xml:",attr"`
			Encoding string `xml:",attr"`
		} `xml:"ResponseFormat"`
	} `xml:"AlgorithmParameters"`
	Data struct {
		Secret, Counter, TimeInterval pskcValue
	}
}

// pskcValue is a value of the element Data (section 4.2), plain or encrypted.
type pskcValue struct {
	Plain     []byte    `xml:"PlainValue"`
	Encrypted *pskcSeal `xml:"EncryptedValue"`
	MAC       []byte    `xml:"ValueMAC"`
}

// pskcSeal is EncryptedDataType of XML Encryption.
type pskcSeal struct {
	Method struct {
		Algorithm string `xml:",attr"`
	} `xml:"EncryptionMethod"`
	Value []byte `xml:"CipherData>CipherValue"`
}

// pskcReader goes through the file element by element, so that many elements take no memory.
type pskcReader struct {
	file  *File
	in    Input
	lock  pskcLock
	n     int
	good  int // secrets that were decrypted
	wrong int // secrets that were not
}

func readPSKC(ctx context.Context, in Input) (*File, error) {
	data := trimBOM(in.Data)
	if err := checkXML(data); err != nil {
		return nil, err
	}
	r := pskcReader{file: &File{}, in: in}
	defer r.lock.wipe()
	err := r.read(ctx, xmlDecoder(data))
	if err == nil && r.good == 0 && r.wrong > 0 {
		err = ErrPassword
	}
	return r.file.unless(err)
}

// xmlDecoder reads UTF-8. What was in UTF-16 has been converted, and still says UTF-16 of itself.
func xmlDecoder(data []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(label), "utf-16") || strings.EqualFold(label, "us-ascii") {
			return r, nil
		}
		return nil, errors.New("another encoding")
	}
	return d
}

// checkXML bounds the nesting and refuses document types, and with them entities and all that is fetched from elsewhere
// (encoding/xml expands and fetches nothing: this only keeps it so).
func checkXML(data []byte) error {
	for d, depth := xmlDecoder(data), 0; ; {
		token, err := d.Token()
		if err == io.EOF && depth == 0 {
			return nil
		}
		if err != nil {
			return errXML
		}
		switch token.(type) {
		case xml.Directive:
			return errors.New("it has a document type, which could make its content another one: no program writes that")
		case xml.StartElement:
			if depth++; depth > maxNesting {
				return fmt.Errorf("its XML is nested deeper than %d levels", maxNesting)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func (r *pskcReader) read(ctx context.Context, d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errXML
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "EncryptionKey":
			err = r.lock.readKey(ctx, r.in, d, start)
		case "MACMethod":
			err = r.lock.readMAC(d, start)
		case "Key":
			err = r.key(d, start)
		}
		if err != nil {
			return err
		}
	}
}

func (r *pskcReader) key(d *xml.Decoder, start xml.StartElement) error {
	r.n++
	var k pskcKey
	err := d.DecodeElement(&k, &start)
	defer otpauth.Wipe(k.Data.Secret.Plain)
	if err != nil {
		return errXML
	}
	p, err := r.params(&k)
	return r.file.add(entryNumber(r.n), clean(k.FriendlyName), p, err)
}

// params follows what ykman writes and takes: see its command "oath accounts import".
func (r *pskcReader) params(k *pskcKey) (otpauth.Params, error) {
	kind, err := pskcType(k.Algorithm)
	if err != nil {
		return otpauth.Params{}, err
	}
	if e := k.Parameters.Format.Encoding; e != "" && e != "DECIMAL" {
		return otpauth.Params{}, errors.New("its codes are not decimal, which a YubiKey cannot make")
	}
	if k.Data.Counter.Encrypted != nil || k.Data.TimeInterval.Encrypted != nil {
		return otpauth.Params{}, errors.New("its counter or time interval is encrypted, which is not supported")
	}
	secret, err := r.secret(&k.Data.Secret)
	defer otpauth.Wipe(secret)
	if err != nil {
		return otpauth.Params{}, err
	}
	issuer, account := k.names()
	return otpauth.Fields{Type: kind, Issuer: issuer, Account: account, Raw: secret, Algorithm: k.Parameters.Suite,
		Digits: k.Parameters.Format.Length, Period: string(k.Data.TimeInterval.Plain), Counter: string(k.Data.Counter.Plain)}.Params()
}

// pskcType knows the profiles of section 10.1 and of draft-hoyer-keyprov-pskc-algorithm-profiles, which are written with
// a colon or, in older files, a number sign.
func pskcType(algorithm string) (string, error) {
	name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(algorithm)), "urn:ietf:params:xml:ns:keyprov:pskc")
	if ok && (name == ":totp" || name == "#totp" || name == ":hotp" || name == "#hotp") {
		return name[1:], nil
	}
	return "", errors.New("its algorithm is neither TOTP nor HOTP")
}

func (r *pskcReader) secret(v *pskcValue) ([]byte, error) {
	if v.Encrypted == nil {
		return decodeBase64(v.Plain)
	}
	secret, err := r.lock.open(v)
	if err == errWrongMAC {
		r.wrong++
	} else if err == nil {
		r.good++
	}
	return secret, err
}

// decodeBase64 takes blanks and lines, as XML Schema allows between the letters.
func decodeBase64(text []byte) ([]byte, error) {
	letters := bytes.Join(bytes.Fields(text), nil)
	defer otpauth.Wipe(letters)
	decoded, err := base64.StdEncoding.AppendDecode(make([]byte, 0, len(letters)), letters)
	if err != nil {
		otpauth.Wipe(decoded)
		return nil, errors.New("its secret is not in base64")
	}
	return decoded, nil
}

// names finds the issuer and the account where ykman does: in an order of trust.
func (k *pskcKey) names() (issuer, account string) {
	issuer, account, ok := strings.Cut(k.FriendlyName, ":")
	if !ok {
		issuer, account = "", k.ID
	}
	if k.Issuer != "" {
		issuer = k.Issuer
	}
	if k.UserID != "" {
		account = commonName(k.UserID)
	}
	return issuer, account
}
