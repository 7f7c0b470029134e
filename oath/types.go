package oath

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"time"
)

// Type says what moves a one-time password on. The values are the type nibble of the algorithm byte.
type Type byte

const (
	HOTP Type = 0x10 // a counter (RFC 4226)
	TOTP Type = 0x20 // time (RFC 6238)
)

func (t Type) String() string {
	switch t {
	case HOTP:
		return "HOTP"
	case TOTP:
		return "TOTP"
	}
	return fmt.Sprintf("type %02x", byte(t))
}

// Algorithm is the hash under the HMAC. The values are the hash nibble of the algorithm byte.
type Algorithm byte

const (
	SHA1   Algorithm = 0x01
	SHA256 Algorithm = 0x02
	SHA512 Algorithm = 0x03
)

func (a Algorithm) String() string {
	switch a {
	case SHA1:
		return "SHA1"
	case SHA256:
		return "SHA256"
	case SHA512:
		return "SHA512"
	}
	return fmt.Sprintf("algorithm %02x", byte(a))
}

// ParseAlgorithm reads a name as otpauth URIs and people write it: SHA1, sha-256, HmacSHA512.
func ParseAlgorithm(s string) (Algorithm, error) {
	name := strings.NewReplacer("-", "", "_", "", "HMAC", "").Replace(strings.ToUpper(s))
	for _, a := range []Algorithm{SHA1, SHA256, SHA512} {
		if name == a.String() {
			return a, nil
		}
	}
	return 0, fmt.Errorf("unknown algorithm %q: SHA1, SHA256 or SHA512", s)
}

// hash returns the constructor of the hash, or nil for an algorithm that does not exist.
func (a Algorithm) hash() func() hash.Hash {
	switch a {
	case SHA1:
		return sha1.New
	case SHA256:
		return sha256.New
	case SHA512:
		return sha512.New
	}
	return nil
}

// Version is a firmware version. A YubiKey NEO reports the version of its applet instead, always below 3.0.0.
type Version [3]byte

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool { return bytes.Compare(v[:], w[:]) < 0 }

// TimeChallenge is the challenge for a TOTP code at t: the number of whole periods since 1970, eight bytes,
// big-endian (RFC 6238 section 4.2). A period of less than a second counts as DefaultPeriod.
func TimeChallenge(t time.Time, period time.Duration) []byte {
	if period < time.Second {
		period = DefaultPeriod
	}
	return CounterChallenge(uint64(t.Unix() / int64(period/time.Second)))
}

// CounterChallenge is the message under the HMAC for a moving factor (RFC 4226 section 5.1).
func CounterChallenge(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// DefaultPeriod is the period of a credential whose id names none (RFC 6238 section 5.2).
const DefaultPeriod = 30 * time.Second
