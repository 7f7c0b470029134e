package transfer

import (
	"context"
	"crypto/aes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"hash"
	"strconv"
	"strings"

	"ykmfa/internal/otpauth"
)

var errWrongMAC = errors.New("it is damaged")

// pskcLock is what opens the secrets of a file (section 6): AES-CBC, and an HMAC of initialisation vector and data.
type pskcLock struct {
	key    []byte
	mac    func() hash.Hash
	macKey []byte
}

func (l *pskcLock) wipe() {
	otpauth.Wipe(l.key)
	otpauth.Wipe(l.macKey)
}

// pskcEncryptionKey is the element EncryptionKey: how the key is derived (section 6.2); else it is one that both sides have (6.1).
type pskcEncryptionKey struct {
	X509Data *struct{}
	Method   *struct {
		Algorithm string `xml:",attr"`
		Params    struct {
			Salt  []byte `xml:"Salt>Specified"`
			Count string `xml:"IterationCount"`
			Size  string `xml:"KeyLength"`
			PRF   struct {
				Algorithm string `xml:",attr"`
			}
		} `xml:"PBKDF2-params"`
	} `xml:"DerivedKey>KeyDerivationMethod"`
}

func (l *pskcLock) readKey(ctx context.Context, in Input, d *xml.Decoder, start xml.StartElement) (err error) {
	var k pskcEncryptionKey
	switch {
	case d.DecodeElement(&k, &start) != nil:
		return errXML
	case l.key != nil:
		return errors.New("it names two encryption keys")
	case k.Method != nil:
		l.key, err = k.derive(ctx, in)
	case k.X509Data != nil:
		return errors.New("it is encrypted for the owner of a certificate: export again with a password")
	default: // a name, or nothing, as ykman writes it
		l.key, err = in.ask(ctx, "pre-shared key of the PSKC file, in hexadecimal", decodeHexKey)
	}
	return err
}

func (k *pskcEncryptionKey) derive(ctx context.Context, in Input) ([]byte, error) {
	params := k.Method.Params
	prf, ok := pskcHash(params.PRF.Algorithm)
	rounds, err1 := strconv.ParseInt(strings.TrimSpace(params.Count), 10, 64)
	size, err2 := strconv.Atoi(strings.TrimSpace(params.Size))
	salt, err3 := decodeBase64(params.Salt)
	switch {
	case !strings.HasSuffix(strings.ToLower(k.Method.Algorithm), "pbkdf2") || !ok:
		return nil, errors.New("it asks for a key derivation that is not known")
	case params.Size == "":
		size = 16
	case err2 != nil || size != 16 && size != 24 && size != 32:
		return nil, errDamaged
	}
	if err1 != nil || err3 != nil {
		return nil, errDamaged
	}
	derive, err := byPBKDF2(prf, salt, rounds, size)
	if err != nil {
		return nil, err
	}
	return in.ask(ctx, "password of the PSKC file", derive)
}

func decodeHexKey(text []byte) ([]byte, error) {
	key, err := hex.AppendDecode(nil, text)
	if n := len(key); err != nil || n != 16 && n != 24 && n != 32 {
		otpauth.Wipe(key)
		return nil, ErrPassword
	}
	return key, nil
}

// pskcHash knows the URIs of HMAC (XML Signature, and RFC 9231 section 2.2); without one it is HMAC-SHA1, as PKCS #5 has it.
func pskcHash(uri string) (func() hash.Hash, bool) {
	uri = strings.ToLower(uri)
	_, name, _ := strings.Cut(uri, "#")
	switch name {
	case "hmac-sha1":
		return sha1.New, true
	case "hmac-sha256":
		return sha256.New, true
	case "hmac-sha384":
		return sha512.New384, true
	case "hmac-sha512":
		return sha512.New, true
	}
	return sha1.New, uri == ""
}

// readMAC reads the element MACMethod (section 6.1.1). Its key is encrypted with the file's key.
func (l *pskcLock) readMAC(d *xml.Decoder, start xml.StartElement) error {
	var method struct {
		Algorithm string    `xml:",attr"`
		Key       *pskcSeal `xml:"MACKey"`
	}
	if d.DecodeElement(&method, &start) != nil {
		return errXML
	}
	h, ok := pskcHash(method.Algorithm)
	switch {
	case !ok:
		return errors.New("its secrets are authenticated in a way that is not known")
	case l.key == nil:
		return nil // nothing is encrypted
	case method.Key == nil:
		l.mac, l.macKey = h, append([]byte(nil), l.key...)
		return nil
	}
	key, err := method.Key.open(l.key, nil)
	if err == errWrongMAC {
		return ErrPassword // by its padding
	}
	l.mac, l.macKey = h, key
	return err
}

func (l *pskcLock) open(v *pskcValue) ([]byte, error) {
	switch {
	case l.key == nil:
		return nil, errors.New("its secret is encrypted, and the file does not say how")
	case l.mac == nil || len(v.MAC) == 0:
		return nil, errors.New("its secret is encrypted without a MAC: a wrong password would give a wrong secret")
	}
	mac, err := decodeBase64(v.MAC)
	if err != nil {
		return nil, errWrongMAC
	}
	return v.Encrypted.open(l.key, func(sealed []byte) bool { return checkHMAC(l.mac, l.macKey, mac, sealed) })
}

// open decrypts what XML Encryption 1.1 section 5.2 calls block encryption: the initialisation vector comes first.
func (s *pskcSeal) open(key []byte, authentic func(sealed []byte) bool) ([]byte, error) {
	_, algorithm, _ := strings.Cut(s.Method.Algorithm, "#")
	if want := "aes" + strconv.Itoa(8*len(key)) + "-cbc"; algorithm != want {
		return nil, errors.New("its secret is not encrypted with AES-CBC and a key of that length, which is not supported")
	}
	sealed, err := decodeBase64(s.Value)
	if err != nil || len(sealed) < 2*aes.BlockSize || authentic != nil && !authentic(sealed) {
		return nil, errWrongMAC
	}
	plain, err := openCBC(key, sealed[:aes.BlockSize], sealed[aes.BlockSize:])
	if err != nil {
		return nil, errWrongMAC
	}
	return plain, nil
}
