package pivkey

import (
	"crypto/ecdh"
	"errors"
	"fmt"

	"ykmfa/internal/iso7816"
)

// KeyInfo is what a card tells about the key in a slot.
type KeyInfo struct {
	Public    *ecdh.PublicKey // P-256
	PIN       PINPolicy
	Touch     TouchPolicy
	Generated bool // on the card, so that there is no copy; false also where firmware before 5.3 does not tell
}

// Algorithms of keys in slots: P1 of GENERAL AUTHENTICATE.
const (
	algRSA1024 = 0x06
	algRSA2048 = 0x07
	algP256    = 0x11
	algP384    = 0x14
)

// Key reads what is in a slot. Errors: ErrNoKey, and ErrNotP256 for a key of another kind.
//
// Firmware before 5.3 has no GET METADATA: public key and policies are those of the certificate in the slot, where they
// are unknown unless the certificate has Yubico's extension for them. The certificate is believed: a key may have been
// made since. Without one, ATTEST tells about a key that was made on the card; of a key that was imported without a
// certificate nothing can be read, and the answer is ErrNoKey (see Empty).
func (s *Session) Key(slot Slot) (KeyInfo, error) {
	if err := slot.check(); err != nil {
		return KeyInfo{}, err
	}
	if !s.hasMetadata() {
		return s.keyByCertificate(slot)
	}
	m, err := s.metadata(byte(slot))
	if err != nil {
		return KeyInfo{}, err
	}
	if m.algorithm[0] != algP256 {
		return KeyInfo{}, fmt.Errorf("slot %v: %w", slot, ErrNotP256)
	}
	public, ok := readPoint(m.public)
	if !ok {
		return KeyInfo{}, corrupt(insMetadata)
	}
	generated := len(m.origin) == 1 && m.origin[0] == originGenerated
	return KeyInfo{public, m.pinPolicy(), m.touchPolicy(), generated}, nil
}

func (s *Session) keyByCertificate(slot Slot) (KeyInfo, error) {
	der, err := s.Certificate(slot)
	generated := false
	if errors.Is(err, ErrNoCertificate) {
		der, err = s.attest(slot)
		generated = true
	}
	if err != nil {
		return KeyInfo{}, err
	}
	c, err := parseCertificate(der)
	if err != nil {
		return KeyInfo{}, fmt.Errorf("certificate in slot %v: %w", slot, err)
	}
	return KeyInfo{c.public, c.pin, c.touch, generated}, nil
}

// attest has the card certify a key that was made on it, firmware 4.3 and later. The answer is a bare certificate. Any
// refusal is ErrNoKey: the words for an empty slot, an imported key and a broken attestation key are not told apart.
func (s *Session) attest(slot Slot) ([]byte, error) {
	if s.Version.Less(Version{4, 3, 0}) {
		return nil, fmt.Errorf("slot %v: %w", slot, ErrNoKey)
	}
	der, err := s.send(iso7816.Command{INS: insAttest, P1: byte(slot)})
	var refused *Error
	if errors.As(err, &refused) {
		refused.meaning = ErrNoKey
	}
	return der, err
}

// readPoint reads a public key as the card writes it: tag 86, an uncompressed point.
func readPoint(b []byte) (*ecdh.PublicKey, bool) {
	in := iso7816.String(b)
	var point []byte
	if !in.ReadTag(0x86, &point) || !in.Empty() {
		return nil, false
	}
	public, err := ecdh.P256().NewPublicKey(point)
	return public, err == nil
}

// Empty reports whether a slot has neither a key nor a certificate, so that nothing is lost when one is made in it.
//
// Firmware before 5.3 does not say whether there is a key. A certificate shows one; ATTEST shows one that was made on
// the card; for one that was imported without a certificate, the slot is used with every algorithm there is, on public
// numbers, and each must be refused with a status word for "no such key". Where that firmware asks for the PIN before
// it looks for a key, the answer is ErrPINNeeded: VerifyPIN and ask again. Such a key that also wants to be touched
// blinks for 15 seconds, and counts as there however that ends. A word that is none of these is returned as an *Error.
// What cannot be seen is a key of an algorithm that these versions are not known to have.
func (s *Session) Empty(slot Slot) (bool, error) {
	if err := slot.check(); err != nil {
		return false, err
	}
	object, err := s.getData(slot.object())
	if err == nil && len(object) > 0 {
		return false, nil
	}
	if err != nil && !errors.Is(err, ErrNoCertificate) {
		return false, err
	}
	if !s.hasMetadata() {
		return s.emptyByUse(slot)
	}
	_, err = s.metadata(byte(slot))
	if errors.Is(err, ErrNoKey) {
		return true, nil
	}
	return false, err
}

func (s *Session) emptyByUse(slot Slot) (bool, error) {
	if _, err := s.attest(slot); !errors.Is(err, ErrNoKey) {
		return false, err
	}
	all := probes()
	refused := 0
	for _, p := range all {
		_, err := s.authenticate(p.algorithm, slot, p.tag, p.data)
		switch {
		case errors.Is(err, ErrNoKey):
		case hasStatus(err, statusSecurity):
			refused++
		default:
			return false, err
		}
	}
	if refused < len(all) {
		return refused == 0, nil // only the algorithm of the key asks for the PIN or a touch
	}
	verified, err := s.Verified()
	if err == nil && !verified {
		err = fmt.Errorf("slot %v: %w", slot, ErrPINNeeded)
	}
	return false, err
}

// FreeRetired finds the first of the retired slots that is Empty, or fails with ErrFull.
func (s *Session) FreeRetired() (Slot, error) {
	for slot := FirstRetired; slot <= LastRetired; slot++ {
		empty, err := s.Empty(slot)
		if err != nil {
			return 0, err
		}
		if empty {
			return slot, nil
		}
	}
	return 0, ErrFull
}
