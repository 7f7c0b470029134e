package oath

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"

	"ykmfa/internal/iso7816"
)

// DeriveKey makes the access key of a password, as all of Yubico's programs do: PBKDF2 with HMAC-SHA-1, 1000
// iterations, 16 bytes, the password in UTF-8 as it was typed, salted with Session.Salt.
func DeriveKey(password string, salt []byte) []byte {
	key, err := pbkdf2.Key(sha1.New, password, salt, 1000, 16)
	if err != nil { // only under FIPS 140 enforcement, for a salt or key shorter than it likes
		panic("oath: internal error: " + err.Error())
	}
	return key
}

// Validate unlocks the session with the access key, and has the card prove that it knows the key too (VALIDATE).
// Errors: ErrWrongPassword, ErrNoPassword, ErrImpostor. After an error, Select again: the challenge may be used up.
func (s *Session) Validate(key []byte) error {
	if s.Challenge == nil {
		return ErrNoPassword
	}
	if s.Algorithm.hash() == nil {
		return corrupt("SELECT")
	}
	challenge, err := s.challenge()
	if err != nil {
		return err
	}
	data := iso7816.AppendTLV(nil, tagResponse, s.Algorithm.HMAC(key, s.Challenge))
	data = iso7816.AppendTLV(data, tagChallenge, challenge)
	resp, err := s.send(iso7816.Command{INS: insValidate, Data: data})
	if err != nil {
		return err
	}
	in := iso7816.String(resp)
	var proof []byte
	if !in.ReadTag(tagResponse, &proof) {
		return corrupt("VALIDATE")
	}
	if !hmac.Equal(proof, s.Algorithm.HMAC(key, challenge)) {
		return ErrImpostor
	}
	s.locked = false
	return nil
}

// SetKey sets or changes the access key (SET CODE), then selects again and validates with it: what locks the key is
// known to open it. The session stays unlocked.
func (s *Session) SetKey(key []byte) error {
	challenge, err := s.challenge()
	if err != nil {
		return err
	}
	data := make([]byte, 0, 64)
	// The type nibble means nothing here, but a NEO refuses a byte without it.
	data = iso7816.AppendTLV(data, tagKey, []byte{byte(TOTP) | byte(SHA1)}, key)
	data = iso7816.AppendTLV(data, tagChallenge, challenge)
	data = iso7816.AppendTLV(data, tagResponse, SHA1.HMAC(key, challenge))
	defer clear(data)
	if _, err := s.send(iso7816.Command{INS: insSetCode, Data: data}); err != nil {
		return err
	}
	if err := s.Select(); err != nil {
		return err
	}
	return s.Validate(key)
}

// ClearKey removes the access key (SET CODE with an empty key) and selects again. A key in FIPS mode answers ErrPolicy.
func (s *Session) ClearKey() error {
	if _, err := s.send(iso7816.Command{INS: insSetCode, Data: []byte{tagKey, 0}}); err != nil {
		return err
	}
	if err := s.Select(); err != nil {
		return err
	}
	if s.locked {
		return corrupt("SET CODE")
	}
	return nil
}
