package oath

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"ykmfa/internal/iso7816"
)

// Code is a one-time password as a number and how many digits it is written with.
type Code struct {
	Value  uint32
	Digits int
}

// String writes the code with its leading zeros.
func (c Code) String() string { return fmt.Sprintf("%0*d", c.Digits, c.Value) }

// Response is a full answer to a challenge.
type Response struct {
	HMAC   []byte // 20, 32 or 64 bytes
	Digits int
}

// Code truncates the response to digits (RFC 4226 section 5.3).
func (r Response) Code() Code { return newCode(truncate(r.HMAC), r.Digits) }

// Steam truncates the response to the five characters that Steam shows in place of digits.
func (r Response) Steam() string {
	const alphabet = "23456789BCDFGHJKMNPQRTVWXY"
	n := truncate(r.HMAC)
	code := make([]byte, 5)
	for i := range code {
		code[i] = alphabet[n%uint32(len(alphabet))]
		n /= uint32(len(alphabet))
	}
	return string(code)
}

// truncate is the dynamic truncation of RFC 4226 section 5.3: 31 bits at an offset that the last nibble names.
func truncate(mac []byte) uint32 {
	o := mac[len(mac)-1] & 0x0f
	return binary.BigEndian.Uint32(mac[o:]) & 0x7fffffff
}

func newCode(n uint32, digits int) Code {
	mod := uint64(1)
	for range digits {
		mod *= 10
	}
	return Code{Value: uint32(uint64(n) % mod), Digits: digits}
}

// Code returns what the credential shows at a time: digits, or Steam's characters when its issuer is Steam. It is one
// CALCULATE. For HOTP the time means nothing and the counter on the card moves on. It blocks while the card waits for
// a touch, about 15 seconds, then fails with ErrNotTouched.
func (s *Session) Code(id []byte, t Type, at time.Time) (string, error) {
	challenge := make([]byte, 8) // HOTP: ignored by the card, but some want eight bytes
	if t == TOTP {
		challenge = TimeChallenge(at, ParseName(id, t).Period)
	}
	if ParseName(id, t).Steam() {
		r, err := s.CalculateFull(id, TimeChallenge(at, DefaultPeriod))
		if err != nil {
			return "", err
		}
		return r.Steam(), nil
	}
	code, err := s.Calculate(id, challenge)
	if err != nil {
		return "", err
	}
	return code.String(), nil
}

// Calculate returns the truncated answer to a challenge (CALCULATE, P2=01). See TimeChallenge and CounterChallenge.
// Errors: ErrNotFound, ErrLocked, ErrNotTouched.
func (s *Session) Calculate(id, challenge []byte) (Code, error) {
	resp, err := s.calculate(id, challenge, 1)
	if err != nil {
		return Code{}, err
	}
	in := iso7816.String(resp)
	var value []byte
	var code Code
	if !in.ReadTag(tagTruncated, &value) || !parseTruncated(value, &code) {
		return Code{}, corrupt("CALCULATE")
	}
	return code, nil
}

// CalculateFull returns the whole HMAC of a challenge (CALCULATE, P2=00). Eight bytes of challenge work on every
// applet. Errors as Calculate.
func (s *Session) CalculateFull(id, challenge []byte) (Response, error) {
	resp, err := s.calculate(id, challenge, 0)
	if err != nil {
		return Response{}, err
	}
	in := iso7816.String(resp)
	var value []byte
	var full Response
	if !in.ReadTag(tagResponse, &value) || !parseFull(value, &full) {
		return Response{}, corrupt("CALCULATE")
	}
	return full, nil
}

func (s *Session) calculate(id, challenge []byte, p2 byte) ([]byte, error) {
	data := iso7816.AppendTLV(nil, tagName, id)
	data = iso7816.AppendTLV(data, tagChallenge, challenge)
	return s.send(iso7816.Command{INS: insCalculate, P2: p2, Data: data})
}

// Answer is one credential's part of CALCULATE ALL. Of Code and Full at most one is set; neither is for HOTP and for
// a credential that needs touch.
type Answer struct {
	ID    []byte
	Type  Type
	Touch bool // only known for TOTP
	Code  *Code
	Full  *Response
}

// CalculateAll answers one challenge with every TOTP credential that needs no touch (CALCULATE ALL). Codes of
// credentials with another period than the challenge's mean nothing. It never waits and moves no counter. full asks
// for whole HMACs.
func (s *Session) CalculateAll(challenge []byte, full bool) ([]Answer, error) {
	c := iso7816.Command{INS: insCalculateAll, P2: 1, Data: iso7816.AppendTLV(nil, tagChallenge, challenge)}
	if full {
		c.P2 = 0
	}
	resp, err := s.send(c)
	if err != nil {
		return nil, err
	}
	return parseAll(resp)
}

func parseAll(resp []byte) ([]Answer, error) {
	var all []Answer
	for in := iso7816.String(resp); !in.Empty(); {
		var tag byte
		var id, value []byte
		if !in.ReadTag(tagName, &id) || !in.ReadTLV(&tag, &value) {
			return nil, corrupt("CALCULATE ALL")
		}
		a := Answer{ID: slices.Clone(id), Type: TOTP}
		ok := true
		switch tag {
		case tagHOTP:
			a.Type = HOTP
		case tagTouch:
			a.Touch = true
		case tagTruncated:
			a.Code = new(Code)
			ok = parseTruncated(value, a.Code)
		case tagResponse:
			a.Full = new(Response)
			ok = parseFull(value, a.Full)
		default:
			ok = false
		}
		if !ok {
			return nil, corrupt("CALCULATE ALL")
		}
		all = append(all, a)
	}
	return all, nil
}

// parseTruncated reads digits and four bytes. YubiKey 4 and 5 have reduced the number to its digits already, a NEO and
// CanoKey have not: reducing it again is right for all.
func parseTruncated(value []byte, code *Code) bool {
	if len(value) != 5 || !validDigits(value[0]) {
		return false
	}
	*code = newCode(binary.BigEndian.Uint32(value[1:])&0x7fffffff, int(value[0]))
	return true
}

func parseFull(value []byte, r *Response) bool {
	if len(value) == 0 || !validDigits(value[0]) {
		return false
	}
	switch len(value) - 1 {
	case 20, 32, 64:
	default:
		return false
	}
	*r = Response{HMAC: slices.Clone(value[1:]), Digits: int(value[0])}
	return true
}

// validDigits allows what 31 bits can fill; other programs may have stored more or less than this package would.
func validDigits(n byte) bool { return n >= 1 && n <= 10 }
