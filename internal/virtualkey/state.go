package virtualkey

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// state is everything that survives power-off. The state file is this as JSON; byte strings are base64.
type state struct {
	Format      int          `json:"format"`
	Firmware    string       `json:"firmware"` // name of the profile
	Serial      uint32       `json:"serial"`
	Salt        []byte       `json:"salt"`
	AccessKey   *accessKey   `json:"access_key,omitempty"`
	Credentials []credential `json:"credentials"`
	PIV         *pivState    `json:"piv,omitempty"` // nil: as from the factory. It is never changed in place.
}

const stateFormat = 1

// accessKey is what SET CODE sets. It is never changed in place.
type accessKey struct {
	Algorithm byte   `json:"algorithm"`
	Key       []byte `json:"key"`
}

func (k *accessKey) hmac(challenge []byte) []byte {
	return hmacOf(hashOf(k.Algorithm), k.Key, challenge)
}

// credential is what PUT stores. Its byte strings are never changed in place.
type credential struct {
	ID            []byte `json:"id"`
	Algorithm     byte   `json:"algorithm"` // type and hash; 0: a hole in the directory of a NEO
	Digits        byte   `json:"digits"`
	Key           []byte `json:"key"`
	Property      byte   `json:"property,omitempty"`
	InitialFactor uint32 `json:"initial_factor,omitempty"`
	Used          uint32 `json:"used,omitempty"` // HOTP: calculations so far
	Last          []byte `json:"last,omitempty"` // only increasing: the last challenge
}

func (c credential) free() bool { return c.Algorithm == 0 }

func (c credential) hotp() bool { return c.Algorithm&typeMask == typeHOTP }

// factor is the moving factor of the next calculation (RFC 4226 section 5.1).
func (c credential) factor() uint64 { return uint64(c.InitialFactor) + uint64(c.Used) }

// admits reports whether the challenge is high enough for a TOTP credential whose challenges may only increase.
func (c credential) admits(challenge []byte) bool {
	if c.hotp() || c.Property&propertyIncreasing == 0 {
		return true
	}
	now, last := bytes.TrimLeft(challenge, "\x00"), bytes.TrimLeft(c.Last, "\x00")
	if len(now) != len(last) {
		return len(now) > len(last)
	}
	return bytes.Compare(now, last) >= 0
}

// newState is a key as it leaves the factory.
func newState(o Options) (state, error) {
	s := state{Format: stateFormat, Firmware: o.Firmware, Serial: o.Serial, Salt: make([]byte, saltSize)}
	if s.Firmware == "" {
		s.Firmware = defaultProfile
	}
	if _, err := findProfile(s.Firmware); err != nil {
		return state{}, err
	}
	if _, err := io.ReadFull(o.Rand, s.Salt); err != nil {
		return state{}, fmt.Errorf("virtualkey: no random numbers: %v", err)
	}
	if s.Serial != 0 {
		return s, nil
	}
	var b [4]byte
	if _, err := io.ReadFull(o.Rand, b[:]); err != nil {
		return state{}, fmt.Errorf("virtualkey: no random numbers: %v", err)
	}
	s.Serial = 10_000_000 + binary.BigEndian.Uint32(b[:])%90_000_000
	return s, nil
}

// parseState reads a state file. Its errors say what is wrong without quoting the file.
func parseState(b []byte) (state, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return state{}, errors.New("not a state file, or damaged")
	}
	if _, err := d.Token(); err != io.EOF {
		return state{}, errors.New("something follows the state")
	}
	if s.Format != stateFormat {
		return state{}, fmt.Errorf("format %d, not %d", s.Format, stateFormat)
	}
	return s, s.check()
}

func (s *state) check() error {
	if len(s.Salt) != saltSize || s.Serial == 0 {
		return errors.New("salt or serial is missing")
	}
	p, err := findProfile(s.Firmware)
	if err != nil {
		return errors.New("unknown firmware")
	}
	if k := s.AccessKey; k != nil && (hashOf(k.Algorithm) == nil || len(k.Key) == 0) {
		return errors.New("the access key is damaged")
	}
	if s.PIV != nil {
		if err := s.PIV.check(); err != nil {
			return err
		}
	}
	for i, c := range s.Credentials {
		if !c.free() && !c.valid(p) {
			return fmt.Errorf("credential %d is damaged", i+1)
		}
	}
	return nil
}

// valid reports whether the applet can work with c.
func (c credential) valid(p profile) bool {
	kind := c.Algorithm & typeMask
	return hashOf(c.Algorithm) != nil && (kind == typeHOTP || kind == typeTOTP) &&
		len(c.ID) <= maxID && len(c.Key) > 0 && (p.neo || c.Digits <= maxDigits)
}

// clone shares only what is never changed in place.
func (s state) clone() state {
	s.Credentials = slices.Clone(s.Credentials)
	return s
}
