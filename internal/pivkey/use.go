package pivkey

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"fmt"
	"slices"
	"time"

	"ykmfa/internal/iso7816"
)

// Tags of GENERAL AUTHENTICATE (800-73 table 7).
const (
	tagTemplate     = 0x7c
	tagWitness      = 0x80
	tagChallenge    = 0x81
	tagResponse     = 0x82
	tagExponentiate = 0x85
)

// Generate makes a P-256 key in a slot that must be Empty, after AuthenticateManagement. With a touch policy other than
// TouchNever some firmware wants to be touched for this too. Errors: ErrOccupied, ErrNotAuthenticated, ErrPolicy, and
// ErrNotSupported for policies that the key is too old for.
func (s *Session) Generate(slot Slot, pin PINPolicy, touch TouchPolicy) (*ecdh.PublicKey, error) {
	if pin < PINNever || pin > PINAlways || touch < TouchNever || touch > TouchCached {
		return nil, fmt.Errorf("%w: PIN policy %v, touch policy %v", ErrInvalid, pin, touch)
	}
	parameters, err := s.keyParameters(pin, touch)
	if err != nil {
		return nil, err
	}
	empty, err := s.Empty(slot)
	if err != nil {
		return nil, err
	}
	if !empty {
		return nil, fmt.Errorf("slot %v: %w", slot, ErrOccupied)
	}
	resp, err := s.send(iso7816.Command{INS: insGenerate, P2: byte(slot), Data: iso7816.AppendTLV(nil, 0xac, parameters)})
	if err != nil {
		return nil, err
	}
	public, ok := parseGenerated(resp)
	if !ok {
		return nil, corrupt(insGenerate)
	}
	return public, nil
}

// keyParameters encodes what key to make ("Generate asymmetric"). A NEO takes no policies; its keys are PIN once, touch
// never.
func (s *Session) keyParameters(pin PINPolicy, touch TouchPolicy) ([]byte, error) {
	p := iso7816.AppendTLV(nil, 0x80, []byte{algP256})
	switch {
	case s.Version.Less(Version{4}) && pin == PINOnce && touch == TouchNever:
		return p, nil
	case s.Version.Less(Version{4}):
		return nil, fmt.Errorf("policies need firmware 4, this key has %v: %w", s.Version, ErrNotSupported)
	case s.Version.Less(Version{4, 3, 0}) && touch == TouchCached:
		return nil, fmt.Errorf("a touch that is cached needs firmware 4.3, this key has %v: %w", s.Version, ErrNotSupported)
	}
	p = iso7816.AppendTLV(p, 0xaa, []byte{byte(pin)})
	return iso7816.AppendTLV(p, 0xab, []byte{byte(touch)}), nil
}

// parseGenerated reads the new public key under the two-byte tag 7f49.
func parseGenerated(resp []byte) (*ecdh.PublicKey, bool) {
	in := iso7816.String(resp)
	var first byte
	var value []byte
	if !in.ReadUint8(&first) || first != 0x7f || !in.ReadTag(0x49, &value) || !in.Empty() {
		return nil, false
	}
	return readPoint(value)
}

// ECDH computes the shared secret of the P-256 key in a slot and another public key: 32 bytes, for the caller to wipe.
// Errors: ErrNoKey, ErrPINNeeded, ErrNotTouched. A key of PINAlways wants VerifyPIN right before.
func (s *Session) ECDH(slot Slot, peer *ecdh.PublicKey) ([]byte, error) {
	if err := slot.check(); err != nil {
		return nil, err
	}
	if peer.Curve() != ecdh.P256() {
		return nil, fmt.Errorf("the other key: %w", ErrNotP256)
	}
	fresh, start := s.fresh, time.Now()
	secret, err := s.authenticate(algP256, slot, tagExponentiate, peer.Bytes())
	if hasStatus(err, statusSecurity) {
		return nil, s.missing(slot, err, fresh, time.Since(start))
	}
	if err != nil {
		return nil, err
	}
	if len(secret) != 32 {
		clear(secret)
		return nil, corrupt(insAuthenticate)
	}
	return secret, nil
}

// notAskedFor is longer than any card takes to refuse, and shorter than any waits to be touched.
const notAskedFor = 2 * time.Second

// missing tells the two meanings of 6982 apart: the PIN is missing, or nobody touched the key. A card that waited asked
// for a touch. One that did not was either not given the PIN that the key's policy wants, or would not wait.
func (s *Session) missing(slot Slot, refused error, fresh bool, waited time.Duration) error {
	var e *Error
	errors.As(refused, &e)
	e.meaning = ErrNotTouched
	if waited >= notAskedFor {
		return e
	}
	verified, err := s.Verified()
	if err != nil {
		return err
	}
	switch key, _ := s.Key(slot); { // an error leaves the policy unknown
	case key.PIN == PINNever:
	case key.PIN == PINAlways || key.PIN == PINMatchAlways:
		verified = fresh
		fallthrough
	default:
		if !verified {
			e.meaning = ErrPINNeeded
		}
	}
	return e
}

// authenticate uses the key in a slot on data, which are for signing or decrypting (tagChallenge) or for key agreement
// (tagExponentiate).
func (s *Session) authenticate(algorithm byte, slot Slot, tag byte, data []byte) ([]byte, error) {
	template := iso7816.AppendTLV(nil, tagTemplate, []byte{tagResponse, 0}, iso7816.AppendTLV(nil, tag, data))
	resp, err := s.send(iso7816.Command{INS: insAuthenticate, P1: algorithm, P2: byte(slot), Data: template})
	if err != nil {
		return nil, err
	}
	defer clear(resp)
	result, ok := parseTemplate(resp, tagResponse)
	if !ok {
		return nil, corrupt(insAuthenticate)
	}
	return slices.Clone(result), nil
}

// parseTemplate reads the one field of an answer to GENERAL AUTHENTICATE.
func parseTemplate(resp []byte, tag byte) (value []byte, ok bool) {
	outer := iso7816.String(resp)
	var template []byte
	if !outer.ReadTag(tagTemplate, &template) || !outer.Empty() {
		return nil, false
	}
	inner := iso7816.String(template)
	if !inner.ReadTag(tag, &value) || !inner.Empty() {
		return nil, false
	}
	return value, true
}

type probe struct {
	algorithm, tag byte
	data           []byte
}

// probes are well-formed uses of a key of each algorithm that firmware before 5.3 has, on numbers that everybody knows:
// the point that generates the curve, and the padding of a signature that signs nothing.
func probes() []probe {
	one := func(curve ecdh.Curve, size int) []byte {
		scalar := make([]byte, size)
		scalar[size-1] = 1
		key, err := curve.NewPrivateKey(scalar)
		if err != nil {
			panic("pivkey: internal error: " + err.Error())
		}
		return key.PublicKey().Bytes()
	}
	padding := func(size int) []byte {
		return slices.Concat([]byte{0x00, 0x01}, bytes.Repeat([]byte{0xff}, size-3), []byte{0x00})
	}
	return []probe{
		{algP256, tagExponentiate, one(ecdh.P256(), 32)},
		{algP384, tagExponentiate, one(ecdh.P384(), 48)},
		{algRSA2048, tagChallenge, padding(256)},
		{algRSA1024, tagChallenge, padding(128)},
	}
}
