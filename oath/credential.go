package oath

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"ykmfa/internal/erase"
	"ykmfa/internal/iso7816"
)

// Credential is what the applet tells about one entry (LIST). The secret, the digits and the touch flag never come
// back.
type Credential struct {
	ID        []byte // 1 to 64 bytes, opaque to the card; see ParseName
	Type      Type
	Algorithm Algorithm
}

// NewCredential is what PUT stores.
type NewCredential struct {
	ID        []byte // 1 to 64 bytes; see Name.ID
	Type      Type
	Algorithm Algorithm
	Secret    []byte // raw bytes, of any length above 0
	Digits    int    // 6, 7 or 8
	Touch     bool   // each calculation needs a touch
	Counter   uint32 // HOTP: the counter of the first code
}

const (
	maxID         = 64
	minKey        = 14 // newer firmware refuses shorter keys
	propertyTouch = 0x02
)

// Firmware that brought a feature (tag 79 of SELECT).
var (
	touchVersion  = Version{4, 2, 6} // documented from 4.2.4; Yubico's tools ask for 4.2.6
	sha512Version = Version{4, 3, 1}
	renameVersion = Version{5, 3, 0}
)

// List returns all credentials (LIST).
func (s *Session) List() ([]Credential, error) {
	resp, err := s.send(iso7816.Command{INS: insList})
	if err != nil {
		return nil, err
	}
	return parseList(resp)
}

func parseList(resp []byte) ([]Credential, error) {
	var list []Credential
	for in := iso7816.String(resp); !in.Empty(); {
		var value []byte
		if !in.ReadTag(tagNameList, &value) || len(value) == 0 {
			return nil, corrupt("LIST")
		}
		list = append(list, Credential{
			ID:        slices.Clone(value[1:]),
			Type:      Type(value[0] & 0xf0),
			Algorithm: Algorithm(value[0] & 0x0f),
		})
	}
	return list, nil
}

// Put stores a credential (PUT). A YubiKey overwrites one of the same id without asking, so List first; other cards
// answer ErrExists. Errors: ErrFull, ErrInvalid, ErrPolicy, and a FeatureError for what the firmware lacks.
func (s *Session) Put(c NewCredential) error {
	if err := s.CheckPut(c, nil); err != nil {
		return err
	}
	if s.overwritesPrefix() {
		list, err := s.List()
		if err != nil {
			return err
		}
		if err := s.CheckPut(c, list); err != nil {
			return err
		}
	}
	data := make([]byte, 0, iso7816.MaxData)
	defer func() { clear(data[:cap(data)]) }()
	erase.Do(func() { data = c.appendTo(data) })
	_, err := s.send(iso7816.Command{INS: insPut, Data: data})
	return err
}

// appendTo appends the data of PUT.
func (c NewCredential) appendTo(data []byte) []byte {
	key := prepareKey(c.Algorithm, c.Secret)
	defer clear(key)
	data = iso7816.AppendTLV(data, tagName, c.ID)
	data = iso7816.AppendTLV(data, tagKey, []byte{byte(c.Type) | byte(c.Algorithm), byte(c.Digits)}, key)
	if c.Touch {
		data = append(data, tagProperty, propertyTouch) // the one object without a length byte
	}
	if c.Type == HOTP && c.Counter > 0 {
		data = iso7816.AppendTLV(data, tagIMF, binary.BigEndian.AppendUint32(nil, c.Counter))
	}
	return data
}

// CheckPut returns the error of Put for what the card would refuse, or worse, without asking the card. list is what is on
// it. Whether there is room is not checked: see Capacity.
func (s *Session) CheckPut(c NewCredential, list []Credential) error {
	switch {
	case c.Type != TOTP && c.Type != HOTP, c.Algorithm.hash() == nil:
		return fmt.Errorf("%w: %v with %v", ErrInvalid, c.Type, c.Algorithm)
	case len(c.ID) == 0 || len(c.ID) > maxID:
		return fmt.Errorf("%w: a credential id has 1 to %d bytes, not %d", ErrInvalid, maxID, len(c.ID))
	case len(c.Secret) == 0:
		return fmt.Errorf("%w: empty secret", ErrInvalid)
	case c.Digits < 6 || c.Digits > 8:
		return fmt.Errorf("%w: a code has 6 to 8 digits, not %d", ErrInvalid, c.Digits)
	case c.Touch && s.Version.Less(touchVersion):
		return &FeatureError{"touch", touchVersion, s.Version}
	case c.Algorithm == SHA512 && s.Version.Less(sha512Version):
		return &FeatureError{"SHA512", sha512Version, s.Version}
	}
	return s.checkPrefix(c.ID, list)
}

// overwritesPrefix recognises firmware between 4.0.0 and 4.3.5, which overwrites a credential when the new id is the
// beginning of its id.
func (s *Session) overwritesPrefix() bool {
	return (Version{4, 0, 0}).Less(s.Version) && s.Version.Less(Version{4, 3, 5})
}

func (s *Session) checkPrefix(id []byte, list []Credential) error {
	if !s.overwritesPrefix() {
		return nil
	}
	for _, c := range list {
		if len(c.ID) > len(id) && bytes.HasPrefix(c.ID, id) {
			return fmt.Errorf("%w: firmware %v would overwrite %q, which begins with the new id", ErrExists, s.Version, c.ID)
		}
	}
	return nil
}

// prepareKey makes of a secret the key that the card takes: hashed when it is longer than the hash's block, then padded
// with zeros on the right, neither of which changes any HMAC.
func prepareKey(a Algorithm, secret []byte) []byte {
	key := a.shorten(secret)
	if len(key) < minKey {
		padded := make([]byte, minKey)
		copy(padded, key)
		clear(key)
		key = padded
	}
	return key
}

// Delete removes a credential (DELETE), or fails with ErrNotFound.
func (s *Session) Delete(id []byte) error {
	_, err := s.send(iso7816.Command{INS: insDelete, Data: iso7816.AppendTLV(nil, tagName, id)})
	return err
}

// Rename gives a credential another id (RENAME). Since the period is part of the id, keep it: see Name. The card's one
// status for an unknown old and a taken new id unwraps to both ErrNotFound and ErrExists.
func (s *Session) Rename(from, to []byte) error {
	if s.Version.Less(renameVersion) {
		return &FeatureError{"renaming", renameVersion, s.Version}
	}
	if len(to) == 0 || len(to) > maxID {
		return fmt.Errorf("%w: a credential id has 1 to %d bytes, not %d", ErrInvalid, maxID, len(to))
	}
	data := iso7816.AppendTLV(nil, tagName, from)
	data = iso7816.AppendTLV(data, tagName, to)
	_, err := s.send(iso7816.Command{INS: insRename, Data: data})
	return err
}
