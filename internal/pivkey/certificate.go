package pivkey

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"ykmfa/internal/iso7816"
)

// Certificates are read and made here without crypto/x509, whose packages would cost every start of the program some
// tenths of a millisecond. DER has the same lengths as the card's TLV.

// Tags of DER that a certificate has (RFC 5280 section 4.1).
const (
	derInteger    = 0x02
	derBits       = 0x03
	derOctets     = 0x04
	derUTF8       = 0x0c
	derSequence   = 0x30
	derSet        = 0x31
	derTimeShort  = 0x17
	derTimeLong   = 0x18
	derVersion    = 0xa0
	derExtensions = 0xa3
)

// Object identifiers, whole, with tag 06 and length.
const (
	oidP256Key      = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07" // ecPublicKey, prime256v1
	oidECDSA        = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"                                     // ecdsa-with-SHA256
	oidName         = "\x06\x03\x55\x04\x03"                                                         // commonName
	oidOrganization = "\x06\x03\x55\x04\x0a"                                                         // organizationName
	oidPolicies     = "\x06\x0a\x2b\x06\x01\x04\x01\x82\xc4\x0a\x03\x08"                             // 1.3.6.1.4.1.41482.3.8
	organization    = "ykmfa"
	subjectName     = "ykmfa vault"
	throwAwayName   = "ykmfa throw-away key"
)

// NewCertificate makes a certificate for a key in a slot, for WriteCertificate: firmware before 5.3 can show the public
// key in no other way, and programs that know only certificates see that the slot is in use. The policies are in
// the extension that Yubico's attestations and age-plugin-yubikey have them in.
//
// It proves nothing: using the key in the slot would ask for the PIN and a touch, so it is signed with a key
// that is thrown away. It has no end (RFC 5280 section 4.1.2.5) and a beginning that is the same for all, because
// nothing depends on it.
func NewCertificate(public *ecdh.PublicKey, pin PINPolicy, touch TouchPolicy) ([]byte, error) {
	if public.Curve() != ecdh.P256() {
		return nil, ErrNotP256
	}
	serial := make([]byte, 16)
	rand.Read(serial)
	serial[0] = serial[0]&0x7f | 0x40 // positive, and in its shortest form
	algorithm := tlv(derSequence, oidECDSA)
	tbs := tlv(derSequence,
		tlv(derVersion, tlv(derInteger, "\x02")), // v3
		tlv(derInteger, string(serial)),
		algorithm,
		name(throwAwayName),
		tlv(derSequence, tlv(derTimeShort, "250101000000Z"), tlv(derTimeLong, "99991231235959Z")),
		name(subjectName),
		tlv(derSequence, tlv(derSequence, oidP256Key), tlv(derBits, "\x00", string(public.Bytes()))),
		tlv(derExtensions, tlv(derSequence, tlv(derSequence, oidPolicies, tlv(derOctets, string([]byte{byte(pin), byte(touch)}))))),
	)
	signature, err := throwAwaySignature(tbs)
	if err != nil {
		return nil, err
	}
	return []byte(tlv(derSequence, tbs, algorithm, tlv(derBits, "\x00", signature))), nil
}

func throwAwaySignature(tbs string) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("signing a certificate: %w", err)
	}
	digest := sha256.Sum256([]byte(tbs))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing a certificate: %w", err)
	}
	return string(signature), nil
}

func name(common string) string {
	attribute := func(oid, value string) string {
		return tlv(derSet, tlv(derSequence, oid, tlv(derUTF8, value)))
	}
	return tlv(derSequence, attribute(oidOrganization, organization), attribute(oidName, common))
}

func tlv(tag byte, parts ...string) string {
	var value []byte
	for _, p := range parts {
		value = append(value, p...)
	}
	return string(iso7816.AppendTLV(nil, tag, value))
}

// certificate is what is read of one.
type certificate struct {
	public *ecdh.PublicKey
	pin    PINPolicy
	touch  TouchPolicy
}

// parseCertificate reads public key and policies of a certificate. Nothing else is looked at, no signature and no date:
// a card's word is worth what the card is. Errors: ErrCorrupt, ErrNotP256.
func parseCertificate(der []byte) (certificate, error) {
	in := iso7816.String(der)
	var outer, tbs []byte
	if !in.ReadTag(derSequence, &outer) || !in.Empty() {
		return certificate{}, ErrCorrupt
	}
	in = outer
	if !in.ReadTag(derSequence, &tbs) {
		return certificate{}, ErrCorrupt
	}
	in = tbs
	if in.PeekTag(derVersion) && !skip(&in, derVersion) {
		return certificate{}, ErrCorrupt
	}
	var key []byte
	// Serial, signature algorithm, issuer, validity, subject: then the key.
	if !skip(&in, derInteger) || !skip(&in, derSequence) || !skip(&in, derSequence) || !skip(&in, derSequence) ||
		!skip(&in, derSequence) || !in.ReadTag(derSequence, &key) {
		return certificate{}, ErrCorrupt
	}
	public, err := parsePublicKey(key)
	if err != nil {
		return certificate{}, err
	}
	c := certificate{public: public}
	if !c.parseExtensions(in) {
		return certificate{}, ErrCorrupt
	}
	return c, nil
}

func skip(in *iso7816.String, tag byte) bool {
	var value []byte
	return in.ReadTag(tag, &value)
}

// parsePublicKey reads the inside of a SubjectPublicKeyInfo (RFC 5480 section 2).
func parsePublicKey(info []byte) (*ecdh.PublicKey, error) {
	in := iso7816.String(info)
	var algorithm, bits []byte
	if !in.ReadTag(derSequence, &algorithm) || !in.ReadTag(derBits, &bits) || !in.Empty() {
		return nil, ErrCorrupt
	}
	if string(algorithm) != oidP256Key {
		return nil, ErrNotP256
	}
	if len(bits) == 0 || bits[0] != 0 { // unused bits
		return nil, ErrCorrupt
	}
	public, err := ecdh.P256().NewPublicKey(bits[1:])
	if err != nil {
		return nil, ErrCorrupt
	}
	return public, nil
}

// parseExtensions looks for the policies in what follows the public key.
func (c *certificate) parseExtensions(in iso7816.String) bool {
	for !in.Empty() {
		var tag byte
		var value, list []byte
		if !in.ReadTLV(&tag, &value) {
			return false
		}
		if tag != derExtensions {
			continue
		}
		inner := iso7816.String(value)
		if !inner.ReadTag(derSequence, &list) || !inner.Empty() || !c.parsePolicies(list) {
			return false
		}
	}
	return true
}

func (c *certificate) parsePolicies(in iso7816.String) bool {
	for !in.Empty() {
		var extension []byte
		if !in.ReadTag(derSequence, &extension) {
			return false
		}
		rest, ours := bytes.CutPrefix(extension, []byte(oidPolicies))
		if !ours {
			continue
		}
		body := iso7816.String(rest)
		var value []byte
		if body.PeekTag(0x01) && !skip(&body, 0x01) { // critical or not
			return false
		}
		if !body.ReadTag(derOctets, &value) || !body.Empty() {
			return false
		}
		if len(value) == 2 {
			c.pin, c.touch = PINPolicy(value[0]), TouchPolicy(value[1])
		}
	}
	return true
}
