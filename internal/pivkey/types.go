package pivkey

import (
	"bytes"
	"fmt"
	"strconv"
)

// Slot names a private key and the certificate beside it.
type Slot byte

const (
	Authentication     Slot = 0x9a
	Signature          Slot = 0x9c
	KeyManagement      Slot = 0x9d
	CardAuthentication Slot = 0x9e
	FirstRetired       Slot = 0x82 // of twenty for retired key management keys, which age identities use
	LastRetired        Slot = 0x95
)

func (s Slot) String() string { return fmt.Sprintf("%02x", byte(s)) }

// ParseSlot reads a slot as String writes it.
func ParseSlot(text string) (Slot, error) {
	n, err := strconv.ParseUint(text, 16, 8)
	s := Slot(n)
	if err != nil || len(text) != 2 || s.object() == nil {
		return 0, fmt.Errorf("%w: no slot %q: 9a, 9c, 9d, 9e or 82 to 95", ErrInvalid, text)
	}
	return s, nil
}

// object is the data object that holds the slot's certificate (800-73 part 1, table 3), or nil for what is no slot.
func (s Slot) object() []byte {
	var last byte
	switch {
	case s == Authentication:
		last = 0x05
	case s == Signature:
		last = 0x0a
	case s == KeyManagement:
		last = 0x0b
	case s == CardAuthentication:
		last = 0x01
	case s >= FirstRetired && s <= LastRetired:
		last = 0x0d + byte(s-FirstRetired)
	default:
		return nil
	}
	return []byte{0x5f, 0xc1, last}
}

func (s Slot) check() error {
	if s.object() == nil {
		return fmt.Errorf("%w: no slot %v", ErrInvalid, s)
	}
	return nil
}

// PINPolicy says when a key wants the PIN. It is fixed when the key is made. The values are the card's.
type PINPolicy byte

const (
	PINUnknown PINPolicy = iota // firmware before 5.3 does not tell
	PINNever
	PINOnce        // in a session
	PINAlways      // right before each use
	PINMatchOnce   // as PINOnce, or a fingerprint: YubiKey Bio
	PINMatchAlways // as PINAlways, or a fingerprint
)

func (p PINPolicy) String() string {
	names := [...]string{"unknown", "never", "once", "always", "match once", "match always"}
	if int(p) >= len(names) {
		return fmt.Sprintf("PIN policy %02x", byte(p))
	}
	return names[p]
}

// ParsePINPolicy reads never, once or always.
func ParsePINPolicy(text string) (PINPolicy, error) {
	for p := PINNever; p <= PINAlways; p++ {
		if text == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%w: no PIN policy %q: never, once or always", ErrInvalid, text)
}

// TouchPolicy says when a key wants to be touched. It is fixed when the key is made. The values are the card's.
type TouchPolicy byte

const (
	TouchUnknown TouchPolicy = iota // firmware before 5.3 does not tell
	TouchNever
	TouchAlways // for each use
	TouchCached // not again within 15 seconds
)

func (p TouchPolicy) String() string {
	names := [...]string{"unknown", "never", "always", "cached"}
	if int(p) >= len(names) {
		return fmt.Sprintf("touch policy %02x", byte(p))
	}
	return names[p]
}

// ParseTouchPolicy reads never, always or cached.
func ParseTouchPolicy(text string) (TouchPolicy, error) {
	for p := TouchNever; p <= TouchCached; p++ {
		if text == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%w: no touch policy %q: never, always or cached", ErrInvalid, text)
}

// Version is a firmware version. A YubiKey NEO reports the version of its applet instead, always below 3.0.0.
type Version [3]byte

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool { return bytes.Compare(v[:], w[:]) < 0 }
