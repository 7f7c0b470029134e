package pivkey_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"ykmfa/internal/iso7816"
	"ykmfa/internal/pivkey"
)

var oidPolicies = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 8}

// TestNewCertificate: a strict reader of certificates finds in it what was put there.
func TestNewCertificate(t *testing.T) {
	public := point(t, cardPoint)
	serials := make(map[string]bool)
	for range 50 {
		der, err := pivkey.NewCertificate(public, pivkey.PINAlways, pivkey.TouchCached)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("%v: %x", err, der)
		}
		key, err := c.PublicKey.(*ecdsa.PublicKey).ECDH()
		if err != nil || !key.Equal(public) {
			t.Fatalf("public key %v, %v", key, err)
		}
		if c.Subject.String() != "CN=ykmfa vault,O=ykmfa" || c.Issuer.String() == c.Subject.String() || c.Version != 3 ||
			c.SignatureAlgorithm != x509.ECDSAWithSHA256 || !c.NotBefore.Before(time.Now()) || c.NotAfter.Year() != 9999 {
			t.Fatalf("%+v", c)
		}
		e := c.Extensions
		if len(e) != 1 || !e[0].Id.Equal(oidPolicies) || e[0].Critical || !bytes.Equal(e[0].Value, []byte{3, 3}) {
			t.Fatalf("extensions %+v", e)
		}
		serials[c.SerialNumber.String()] = true
	}
	if len(serials) != 50 {
		t.Errorf("%d serial numbers in 50 certificates", len(serials))
	}
	other, err := ecdh.X25519().GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pivkey.NewCertificate(other.PublicKey(), pivkey.PINOnce, pivkey.TouchNever)
	is(t, err, pivkey.ErrNotP256)
}

// certify makes a certificate as other programs do.
func certify(t testing.TB, public any, extensions ...pkix.Extension) []byte {
	t.Helper()
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "age identity", Organization: []string{"age-plugin-yubikey"}},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<36, 0), KeyUsage: x509.KeyUsageKeyAgreement,
		DNSNames: []string{"example.org"}, ExtraExtensions: extensions,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, ca)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func object(der []byte) string {
	content := iso7816.AppendTLV(nil, 0x53, iso7816.AppendTLV(nil, 0x70, der), []byte{0x71, 1, 0, 0xfe, 0})
	return hex.EncodeToString(content)
}

func certificateKey(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex(t, cardPoint))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestKeyByCertificate: before 5.3 the certificate says what key it is, and in Yubico's extension how it may be used.
func TestKeyByCertificate(t *testing.T) {
	public := certificateKey(t)
	policies := func(critical bool, value ...byte) pkix.Extension {
		return pkix.Extension{Id: oidPolicies, Critical: critical, Value: value}
	}
	own, err := pivkey.NewCertificate(point(t, cardPoint), pivkey.PINOnce, pivkey.TouchAlways)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		der   []byte
		pin   pivkey.PINPolicy
		touch pivkey.TouchPolicy
	}{
		"own":          {own, pivkey.PINOnce, pivkey.TouchAlways},
		"no extension": {certify(t, public), pivkey.PINUnknown, pivkey.TouchUnknown},
		"extension":    {certify(t, public, policies(false, 3, 2)), pivkey.PINAlways, pivkey.TouchAlways},
		"critical":     {certify(t, public, policies(true, 1, 3)), pivkey.PINNever, pivkey.TouchCached},
		"odd length":   {certify(t, public, policies(false, 1)), pivkey.PINUnknown, pivkey.TouchUnknown},
	} {
		r := &replay{t, []string{selectPIV, selected, version, v435, getCert9d, object(tt.der) + "9000"}}
		s, err := pivkey.Select(&chained{replay: r})
		if err != nil {
			t.Fatal(err)
		}
		key, err := s.Key(pivkey.KeyManagement)
		if err != nil || !key.Public.Equal(point(t, cardPoint)) || key.PIN != tt.pin || key.Touch != tt.touch || key.Generated {
			t.Errorf("%s: %+v, %v", name, key, err)
		}
	}
	// Without a certificate, what ATTEST says of a key that was made on the card.
	attested := certify(t, public, policies(false, 2, 2))
	r := &replay{t, []string{selectPIV, selected, version, v435, getCert9d, "6a82", "00f99d0000", hex.EncodeToString(attested) + "9000"}}
	s, err := pivkey.Select(&chained{replay: r})
	if err != nil {
		t.Fatal(err)
	}
	if key, err := s.Key(pivkey.KeyManagement); err != nil || !key.Generated || key.PIN != pivkey.PINOnce || key.Touch != pivkey.TouchAlways {
		t.Errorf("%+v, %v", key, err)
	}
	_, err = session(t, v435, getCert9d, "6a82", "00f99d0000", "6a80").Key(pivkey.KeyManagement)
	is(t, err, pivkey.ErrNoKey)
	_, err = session(t, "040207 9000", getCert9d, "6a82").Key(pivkey.KeyManagement)
	is(t, err, pivkey.ErrNoKey)
}

// chained cuts answers into parts, as a card does.
type chained struct {
	*replay
	rest []byte
}

func (c *chained) Transmit(command []byte) ([]byte, error) {
	if !bytes.Equal(command, []byte{0, 0xc0, 0, 0, 0}) {
		resp, err := c.replay.Transmit(command)
		if err != nil || len(resp) < 2 || resp[len(resp)-2] != 0x90 {
			return resp, err
		}
		c.rest = resp[:len(resp)-2]
	}
	n := min(len(c.rest), 254)
	part := append([]byte(nil), c.rest[:n]...)
	c.rest = c.rest[n:]
	if len(c.rest) == 0 {
		return append(part, 0x90, 0x00), nil
	}
	return append(part, 0x61, byte(min(len(c.rest), 255))), nil
}

func TestForeignCertificates(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, public := range []any{&p384.PublicKey, &rsaKey.PublicKey, ed} {
		r := &replay{t, []string{selectPIV, selected, version, v435, getCert9d, object(certify(t, public)) + "9000"}}
		s, err := pivkey.Select(&chained{replay: r})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Key(pivkey.KeyManagement)
		is(t, err, pivkey.ErrNotP256)
	}
	for answer, kind := range map[string]error{
		"6a82": pivkey.ErrNoCertificate, "5300 9000": pivkey.ErrNoCertificate, "53027000 9000": pivkey.ErrCorrupt, "5303710100 9000": pivkey.ErrCorrupt,
		"7000 9000": pivkey.ErrCorrupt, "530670013071 0101 9000": pivkey.ErrNotSupported, "53047001 9000": pivkey.ErrCorrupt, "53037002 30 9000": pivkey.ErrCorrupt,
	} {
		der, err := session(t, v574, getCert9d, answer).Certificate(pivkey.KeyManagement)
		is(t, err, kind)
		if der != nil {
			t.Errorf("%s: a certificate beside an error", answer)
		}
	}
	_, err = session(t, v435, getCert9d, "53037001309000").Key(pivkey.KeyManagement)
	is(t, err, pivkey.ErrCorrupt)
}

// TestDamagedCertificates: no part of a certificate passes for the whole.
func TestDamagedCertificates(t *testing.T) {
	whole := certify(t, certificateKey(t), pkix.Extension{Id: oidPolicies, Value: []byte{2, 2}})
	read := func(der []byte) error {
		_, err := answering(t, v435, func([]byte) ([]byte, error) { return unhex(t, object(der)+"9000"), nil }).Key(0x82)
		return err
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for n := 1; n < len(whole); n++ {
		is(t, read(whole[:n]), pivkey.ErrCorrupt)
	}
	is(t, read(append(slices.Clone(whole), 0)), pivkey.ErrCorrupt)
	// The same with lengths that agree: the body is cut, and wrapped again.
	var outer, tbs []byte
	in := iso7816.String(whole)
	if !in.ReadTag(0x30, &outer) {
		t.Fatal("not a sequence")
	}
	in = outer
	if !in.ReadTag(0x30, &tbs) {
		t.Fatal("not a sequence in a sequence")
	}
	accepted := 0
	for n := range tbs {
		der := iso7816.AppendTLV(nil, 0x30, iso7816.AppendTLV(nil, 0x30, tbs[:n]))
		err := read(der)
		if err == nil {
			accepted++ // right after the public key, where what follows may be absent
			continue
		}
		is(t, err, pivkey.ErrCorrupt)
	}
	if accepted != 1 {
		t.Errorf("%d ways to cut a certificate are accepted", accepted)
	}
	// Each byte of the public key's algorithm counts.
	algorithm := unhex(t, "301306072a8648ce3d020106082a8648ce3d030107")
	at := bytes.Index(whole, algorithm)
	for i := 2; i < len(algorithm); i++ {
		der := slices.Clone(whole)
		der[at+i] ^= 1
		is(t, read(der), pivkey.ErrNotP256)
	}
	for i, kind := range map[int]error{2: pivkey.ErrCorrupt, 3: pivkey.ErrCorrupt, 4: pivkey.ErrCorrupt} { // unused bits, 04, x
		der := slices.Clone(whole)
		der[at+len(algorithm)+i] ^= 1
		is(t, read(der), kind)
	}
}

// TestWriteCertificate: the command comes in parts, what was written is read again, and nothing is overwritten.
func TestWriteCertificate(t *testing.T) {
	der := bytes.Repeat([]byte{0x30}, 300)
	content := object(der)
	put := "5c035fc10b" + content
	write := []string{getCert9d, "6a82", "10db3fffff" + put[:510], "9000", "00db3fff3f" + put[510:], "9000"}
	if n := len(unhex(t, put)); n != 255+0x3f {
		t.Fatalf("%d bytes", n)
	}
	for _, tt := range []struct {
		lines []string
		kind  error
	}{
		{append(write[:6:6], getCert9d, content+"9000"), nil},
		{append(write[:6:6], getCert9d, "53037001309000"), pivkey.ErrCorrupt},
		{append(write[:6:6], getCert9d, "6a82"), pivkey.ErrNoCertificate},
		{append(write[:5:5], "6982"), pivkey.ErrNotAuthenticated},
		{append(write[:3:3], "6a84"), pivkey.ErrNoSpace},
		{append(write[:3:3], "00 9000"), pivkey.ErrCorrupt},
		{[]string{getCert9d, content + "9000"}, nil}, // it is there already
		{[]string{getCert9d, "53037001309000"}, pivkey.ErrOccupied},
		{[]string{getCert9d, "53019000"}, pivkey.ErrCorrupt},
	} {
		err := session(t, v574, tt.lines...).WriteCertificate(pivkey.KeyManagement, der)
		is(t, err, tt.kind)
	}
	is(t, session(t, v574).WriteCertificate(pivkey.KeyManagement, nil), pivkey.ErrInvalid)
}
