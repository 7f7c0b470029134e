package pivkey

import (
	"errors"
	"fmt"

	"ykmfa/internal/iso7816"
)

const (
	minPIN = 6
	maxPIN = 8 // and what shorter ones are filled up to, with ff (800-73 section 2.4.3)

	refPIN = 0x80
)

// VerifyPIN gives the PIN, for as long as the applet stays selected. Errors: *PINError, ErrPINBlocked, and ErrInvalid
// for a PIN that is not 6 to 8 bytes long, which is not sent and costs no try.
func (s *Session) VerifyPIN(pin []byte) error {
	if len(pin) < minPIN || len(pin) > maxPIN {
		return fmt.Errorf("%w: a PIN has %d to %d characters", ErrInvalid, minPIN, maxPIN)
	}
	padded := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	copy(padded, pin)
	defer clear(padded)
	tries, err := s.verify(padded)
	if err != nil {
		return err
	}
	switch {
	case tries < 0:
		s.fresh = true
		return nil
	case tries == 0:
		return ErrPINBlocked
	}
	return &PINError{Tries: tries}
}

// Verified reports whether the PIN was given since the applet was selected. Another program may have done so.
func (s *Session) Verified() (bool, error) {
	tries, err := s.verify(nil)
	return tries < 0, err
}

// PINTries returns how many wrong PINs are left before it is blocked: 0 is blocked. Firmware before 5.3 does not tell
// once the PIN is verified: ErrPINVerified.
func (s *Session) PINTries() (int, error) {
	tries, err := s.verify(nil)
	if err != nil || tries >= 0 {
		return max(tries, 0), err
	}
	if !s.hasMetadata() {
		return 0, ErrPINVerified
	}
	m, err := s.metadata(refPIN)
	if err != nil {
		return 0, err
	}
	if len(m.retries) != 2 {
		return 0, corrupt(insMetadata)
	}
	return int(m.retries[1]), nil
}

// verify sends VERIFY and returns -1 when the PIN is verified, else the tries left. Without data it only asks.
func (s *Session) verify(data []byte) (tries int, err error) {
	_, err = s.send(iso7816.Command{INS: insVerify, P2: refPIN, Data: data})
	var refused *Error
	switch {
	case err == nil:
		return -1, nil
	case !errors.As(err, &refused):
		return 0, err
	case refused.Status == statusBlocked:
		return 0, nil
	case refused.Status&0xff00 == statusWrongPIN && s.Version.Less(Version{1, 0, 4}):
		return int(refused.Status & 0xff), nil // of a NEO: without the c
	case refused.Status&0xfff0 == statusWrongPIN|0xc0:
		return int(refused.Status & 0x0f), nil
	}
	return 0, err
}
