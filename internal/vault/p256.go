package vault

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"filippo.io/hpke"
	"golang.org/x/crypto/chacha20poly1305"
)

// A P-256 key on a YubiKey opens two kinds of stanza: p256tag, to which age encrypts by itself (C2SP age-plugin.md and
// filippo.io/age/tag: HPKE), and piv-p256 of age-plugin-yubikey.
const (
	p256tag = "p256tag"
	pivP256 = "piv-p256"

	hpkeInfo      = "age-encryption.org/" + p256tag
	compressed    = 33 // bytes of a point
	uncompressed  = 65
	wrappedKey    = 16 + chacha20poly1305.Overhead
	maxExchangers = 64
)

// ErrNotHere is what the find function of KeyIdentity answers when the key is not plugged in.
var ErrNotHere = errors.New("the key is not plugged in")

// identityError takes the reason of an identity of ours through age, which would make a text of it.
type identityError struct{ err error }

func (e *identityError) Error() string { return e.err.Error() }
func (e *identityError) Unwrap() error { return e.err }

func compress(p *ecdh.PublicKey) []byte {
	b := p.Bytes() // 04 X Y
	return append([]byte{2 | b[len(b)-1]&1}, b[1:compressed]...)
}

func decompress(b []byte) (*ecdh.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
	if x == nil {
		return nil, errors.New("not a point of P-256")
	}
	point := append([]byte{4}, make([]byte, uncompressed-1)...)
	x.FillBytes(point[1:compressed])
	y.FillBytes(point[compressed:])
	return ecdh.P256().NewPublicKey(point)
}

func keyOf(point []byte) *Key {
	hash := sha256.Sum256(point)
	k := &Key{}
	copy(k.Tag[:], hash[:])
	return k
}

// KeyOf names the key of a public key.
func KeyOf(public *ecdh.PublicKey) Key { return *keyOf(compress(public)) }

// NewKeyRecipient is the recipient of a key on a YubiKey: age1tag1..., which age 1.3 and later encrypts to.
func NewKeyRecipient(public *ecdh.PublicKey, serial uint32, slot byte) (Recipient, error) {
	r, err := ParseRecipient(plugin.EncodeRecipient("tag", compress(public)))
	r.Note = fmt.Sprintf(note, serial, slot)
	return r, err
}

// yubikeyRecipient is age1yubikey1..., the recipient of age-plugin-yubikey.
type yubikeyRecipient struct {
	point  []byte
	public *ecdh.PublicKey
}

func newYubikeyRecipient(point []byte) (age.Recipient, error) {
	public, err := decompress(point)
	return yubikeyRecipient{point, public}, err
}

// Wrap implements age.Recipient.
func (r yubikeyRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	ephemeral, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	shared, err := ephemeral.ECDH(r.public)
	if err != nil {
		return nil, err
	}
	defer clear(shared)
	share := compress(ephemeral.PublicKey())
	key, err := pivKey(shared, share, r.point)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	tag := keyOf(r.point).Tag
	return []*age.Stanza{{
		Type: pivP256,
		Args: []string{base64.RawStdEncoding.EncodeToString(tag[:]), base64.RawStdEncoding.EncodeToString(share)},
		Body: aead.Seal(nil, make([]byte, chacha20poly1305.NonceSize), fileKey, nil),
	}}, nil
}

// pivKey derives the key of a piv-p256 stanza.
func pivKey(shared, share, point []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, shared, append(bytes.Clone(share), point...), pivP256, chacha20poly1305.KeySize)
}

// keyIdentity is a key on a YubiKey that may be plugged in.
type keyIdentity struct {
	key  Key
	find func(Key) (ecdh.KeyExchanger, error)
}

// KeyIdentity opens what is encrypted to a key. find is asked for it only when there is something for it to open, and answers
// ErrNotHere where it is not plugged in.
func KeyIdentity(k Key, find func(Key) (ecdh.KeyExchanger, error)) Identity {
	return keyIdentity{k, find}
}

// Unwrap implements age.Identity.
func (i keyIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		share, mine := i.share(s)
		if !mine {
			continue
		}
		k, err := i.find(i.key)
		switch {
		case errors.Is(err, ErrNotHere):
			return nil, age.ErrIncorrectIdentity
		case err != nil:
			return nil, &identityError{err}
		}
		return openStanza(k, s, share)
	}
	return nil, age.ErrIncorrectIdentity
}

// share returns the ephemeral share of a stanza that is for this key. What is malformed is for nobody.
func (i keyIdentity) share(s *age.Stanza) (share []byte, mine bool) {
	if len(s.Args) != 2 || len(s.Body) != wrappedKey {
		return nil, false
	}
	tag, err := base64.RawStdEncoding.DecodeString(s.Args[0])
	share, err2 := base64.RawStdEncoding.DecodeString(s.Args[1])
	if err != nil || err2 != nil {
		return nil, false
	}
	switch {
	case s.Type == pivP256 && len(share) == compressed:
		return share, bytes.Equal(tag, i.key.Tag[:])
	case s.Type == p256tag && len(share) == uncompressed:
		want, err := hkdf.Extract(sha256.New, append(bytes.Clone(share), i.key.Tag[:]...), []byte(hpkeInfo))
		return share, err == nil && bytes.Equal(tag, want[:len(i.key.Tag)])
	}
	return nil, false
}

// failing keeps why a key did not do its part, apart from what is wrong with the stanza.
type failing struct {
	ecdh.KeyExchanger
	err error
}

// ECDH implements ecdh.KeyExchanger.
func (f *failing) ECDH(peer *ecdh.PublicKey) (shared []byte, err error) {
	shared, err = f.KeyExchanger.ECDH(peer)
	f.err = err
	return shared, err
}

// openStanza has the YubiKey do its part, and opens the file key.
func openStanza(k ecdh.KeyExchanger, s *age.Stanza, share []byte) (fileKey []byte, err error) {
	f := &failing{KeyExchanger: k}
	if s.Type == p256tag {
		fileKey, err = openTag(f, s.Body, share)
	} else {
		fileKey, err = openPIV(f, s.Body, share)
	}
	if f.err != nil {
		err = &identityError{f.err}
	}
	return fileKey, err
}

func openTag(k ecdh.KeyExchanger, body, share []byte) ([]byte, error) {
	private, err := hpke.NewDHKEMPrivateKey(k)
	if err != nil {
		return nil, err
	}
	r, err := hpke.NewRecipient(share, private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(hpkeInfo))
	if err != nil {
		return nil, err
	}
	return r.Open(nil, body)
}

func openPIV(k ecdh.KeyExchanger, body, share []byte) ([]byte, error) {
	peer, err := decompress(share)
	if err != nil {
		return nil, err
	}
	shared, err := k.ECDH(peer)
	if err != nil {
		return nil, err
	}
	defer clear(shared)
	key, err := pivKey(shared, share, compress(k.PublicKey()))
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), body, nil)
}
