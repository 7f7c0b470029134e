package pivkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"ykmfa/internal/iso7816"
)

// DefaultManagementKey returns the management key of a new YubiKey, of whatever firmware.
func DefaultManagementKey() []byte {
	return []byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}
}

// ManagementKeyState says where the management key can be had from.
type ManagementKeyState byte

const (
	// ManagementKeyUnknown: firmware before 5.3 does not tell whether it is the default one. Trying costs nothing: wrong
	// management keys are not counted.
	ManagementKeyUnknown ManagementKeyState = iota
	ManagementKeyDefault
	ManagementKeyProtected // stored on the key, under the PIN: ProtectedManagementKey
	ManagementKeyOther     // somebody has it, or it is derived from the PIN in a way that Yubico gave up
)

func (s ManagementKeyState) String() string {
	names := [...]string{"unknown", "default", "protected by the PIN", "other"}
	if int(s) >= len(names) {
		return fmt.Sprintf("state %02x", byte(s))
	}
	return names[s]
}

// ManagementKey is what a card tells about its management key.
type ManagementKey struct {
	State ManagementKeyState
	Touch TouchPolicy // of AuthenticateManagement
}

const (
	refManagement = 0x9b

	alg3DES   = 0x03
	algAES128 = 0x08
	algAES192 = 0x0a
	algAES256 = 0x0c
)

// ManagementKey tells where the management key can be had from, without trying one.
func (s *Session) ManagementKey() (ManagementKey, error) {
	var m metadata
	if s.hasMetadata() {
		var err error
		if m, err = s.metadata(refManagement); err != nil {
			return ManagementKey{}, err
		}
		if len(m.isDefault) == 1 && m.isDefault[0] != 0 {
			return ManagementKey{ManagementKeyDefault, m.touchPolicy()}, nil
		}
	}
	protected, err := s.protectedFlag()
	if err != nil {
		return ManagementKey{}, err
	}
	switch {
	case protected:
		return ManagementKey{ManagementKeyProtected, m.touchPolicy()}, nil
	case s.hasMetadata():
		return ManagementKey{ManagementKeyOther, m.touchPolicy()}, nil
	}
	return ManagementKey{}, nil
}

// Objects in which Yubico's programs keep a management key under the PIN ("PIV PIN-only mode").
const (
	tagAdmin      = 0x80
	tagAdminFlags = 0x81
	flagProtected = 0x02

	tagProtected    = 0x88
	tagProtectedKey = 0x89
)

// protectedFlag reads from ADMIN DATA whether the management key is stored under the PIN. What is not ADMIN DATA in
// Yubico's form says no.
func (s *Session) protectedFlag() (bool, error) {
	content, err := s.getData([]byte{0x5f, 0xff, 0x00})
	if errors.Is(err, ErrNoCertificate) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	flags := parseField(content, tagAdmin, tagAdminFlags)
	return len(flags) == 1 && flags[0]&flagProtected != 0, nil
}

// ProtectedManagementKey reads the management key that is stored under the PIN, for the caller to wipe. Errors:
// ErrPINNeeded, ErrNoProtectedKey.
func (s *Session) ProtectedManagementKey() ([]byte, error) {
	content, err := s.getData([]byte{0x5f, 0xc1, 0x09}) // PRINTED, which needs the PIN to read
	if errors.Is(err, ErrNoCertificate) {
		return nil, ErrNoProtectedKey
	}
	if err != nil {
		return nil, err
	}
	defer clear(content)
	key := parseField(content, tagProtected, tagProtectedKey)
	if len(key) == 0 {
		return nil, ErrNoProtectedKey
	}
	return slices.Clone(key), nil
}

// parseField finds a field in an object that consists of one TLV of fields. It is nil where the object has another form.
func parseField(object []byte, outer, field byte) (found []byte) {
	in := iso7816.String(object)
	var fields []byte
	if !in.ReadTag(outer, &fields) || !in.Empty() {
		return nil
	}
	for in = fields; !in.Empty(); {
		var tag byte
		var value []byte
		if !in.ReadTLV(&tag, &value) {
			return nil
		}
		if tag == field {
			found = value
		}
	}
	return found
}

// AuthenticateManagement proves to the card that the management key is known, and has the card prove the same (mutual
// authentication, 800-73 appendix A.1). It holds for as long as the applet stays selected. Errors: ErrWrongManagementKey,
// ErrNotTouched for one that wants to be touched (ManagementKey.Touch), ErrImpostor.
func (s *Session) AuthenticateManagement(key []byte) error {
	algorithm := byte(alg3DES)
	if s.hasMetadata() {
		m, err := s.metadata(refManagement)
		if err != nil {
			return err
		}
		algorithm = m.algorithm[0]
	}
	block, err := managementCipher(algorithm, key)
	if err != nil {
		return err
	}
	witness, err := s.exchangeManagement(algorithm, tagWitness, block.BlockSize(), []byte{tagWitness, 0})
	if err != nil {
		return err
	}
	challenge, err := s.challenge(block.BlockSize())
	if err != nil {
		return err
	}
	block.Decrypt(witness, witness)
	data := iso7816.AppendTLV(nil, tagWitness, witness)
	data = iso7816.AppendTLV(data, tagChallenge, challenge)
	proof, err := s.exchangeManagement(algorithm, tagResponse, block.BlockSize(), data)
	if err != nil {
		return err
	}
	block.Encrypt(challenge, challenge)
	if subtle.ConstantTimeCompare(proof, challenge) != 1 {
		return ErrImpostor
	}
	return nil
}

// managementCipher checks the key's length before anything is sent.
func managementCipher(algorithm byte, key []byte) (cipher.Block, error) {
	size, make := 0, aes.NewCipher
	switch algorithm {
	case alg3DES:
		size, make = 24, des.NewTripleDESCipher
	case algAES128:
		size = 16
	case algAES192:
		size = 24
	case algAES256:
		size = 32
	default:
		return nil, fmt.Errorf("management key of algorithm %02x: %w", algorithm, ErrNotSupported)
	}
	if len(key) != size {
		return nil, fmt.Errorf("%w: the card's has %d bytes, this one %d", ErrWrongManagementKey, size, len(key))
	}
	return make(key)
}

// exchangeManagement sends one half of the authentication and reads the field that answers it, one block.
func (s *Session) exchangeManagement(algorithm, field byte, size int, data []byte) ([]byte, error) {
	c := iso7816.Command{INS: insAuthenticate, P1: algorithm, P2: refManagement, Data: iso7816.AppendTLV(nil, tagTemplate, data)}
	start := time.Now()
	resp, err := s.send(c)
	var refused *Error
	if errors.As(err, &refused) && refused.Status == statusSecurity {
		refused.meaning = ErrWrongManagementKey
		if time.Since(start) >= notAskedFor {
			refused.meaning = ErrNotTouched
		}
	}
	if err != nil {
		return nil, err
	}
	value, ok := parseTemplate(resp, field)
	if !ok || len(value) != size {
		return nil, corrupt(insAuthenticate)
	}
	return value, nil
}

func (s *Session) challenge(size int) ([]byte, error) {
	r := s.Rand
	if r == nil {
		r = rand.Reader
	}
	c := make([]byte, size)
	if _, err := io.ReadFull(r, c); err != nil {
		return nil, fmt.Errorf("drawing a challenge: %w", err)
	}
	return c, nil
}
