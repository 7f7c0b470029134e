package virtualkey

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	p2Truncated = 0x01

	maxChallengeNEO = 64 // bytes
)

// calculate is CALCULATE.
func (o *oathApplet) calculate(ctx context.Context, data []byte, truncated bool) ([]byte, status) {
	id, challenge, ok := parseCalculate(data)
	if !ok {
		return nil, swWrongData
	}
	at := o.find(id)
	if at < 0 {
		return nil, swNoSuchObject
	}
	c := o.store.state.Credentials[at]
	if !c.hotp() && !o.challengeFits(challenge) {
		return nil, swWrongData
	}
	if !c.admits(challenge) {
		return nil, swSecurityStatus
	}
	if c.Property&propertyTouch != 0 && !o.touched(ctx) {
		return nil, swSecurityStatus
	}
	if c.hotp() {
		challenge = binary.BigEndian.AppendUint64(nil, c.factor())
	}
	// What was used up is stored before the answer leaves: a counter value is never given out twice.
	if sw := o.spend(at, challenge); !sw.ok() {
		return nil, sw
	}
	return o.appendAnswer(nil, c, challenge, truncated), swOK
}

// parseCalculate takes the id and the challenge out of CALCULATE; some clients of HOTP leave out even the length of
// the challenge.
func parseCalculate(data []byte) (id, challenge []byte, ok bool) {
	s := iso7816.String(data)
	if !s.ReadTag(tagName, &id) {
		return nil, nil, false
	}
	if len(s) == 1 && s.PeekTag(tagChallenge) {
		return id, nil, true
	}
	return id, challenge, s.ReadTag(tagChallenge, &challenge) && s.Empty()
}

func (o *oathApplet) challengeFits(challenge []byte) bool {
	return len(challenge) > 0 && (!o.profile.neo || len(challenge) <= maxChallengeNEO)
}

// spend stores what a calculation uses up: a value of the counter, or the challenges below this one.
func (o *oathApplet) spend(at int, challenge []byte) status {
	c := o.store.state.Credentials[at]
	switch {
	case c.hotp():
		c.Used++
		if o.profile.neo {
			c.Used &= 0xffff // the NEO's applet counts in 16 bits
		}
	case c.Property&propertyIncreasing != 0 && !bytes.Equal(c.Last, challenge):
		c.Last = slices.Clone(challenge)
	default:
		return swOK
	}
	return o.update(func(s *state) { s.Credentials[at] = c })
}

// calculateAll is CALCULATE ALL: it waits for no touch and moves no counter.
func (o *oathApplet) calculateAll(data []byte, truncated bool) ([]byte, status) {
	s := iso7816.String(data)
	var challenge []byte
	if !s.ReadTag(tagChallenge, &challenge) || !s.Empty() || !o.challengeFits(challenge) {
		return nil, swWrongData
	}
	var out []byte
	for at, c := range o.store.state.Credentials {
		if c.free() {
			continue
		}
		out = iso7816.AppendTLV(out, tagName, c.ID)
		switch {
		case c.hotp():
			out = iso7816.AppendTLV(out, tagHOTP, []byte{c.Digits})
		case c.Property&propertyTouch != 0:
			out = iso7816.AppendTLV(out, tagTouch, []byte{c.Digits})
		case !c.admits(challenge):
			return nil, swSecurityStatus
		default:
			if sw := o.spend(at, challenge); !sw.ok() {
				return nil, sw
			}
			out = o.appendAnswer(out, c, challenge, truncated)
		}
	}
	return out, swOK
}

// appendAnswer appends the HMAC over the message, whole or truncated (RFC 4226 section 5.3). From the YubiKey 4 on
// the truncated value comes already reduced to the digits.
func (o *oathApplet) appendAnswer(dst []byte, c credential, message []byte, truncated bool) []byte {
	mac := hmacOf(hashOf(c.Algorithm), c.Key, message)
	if !truncated {
		return iso7816.AppendTLV(dst, tagResponse, []byte{c.Digits}, mac)
	}
	offset := mac[len(mac)-1] & 0x0f
	value := binary.BigEndian.Uint32(mac[offset:]) & 0x7fffffff
	if !o.profile.neo {
		value %= pow10(c.Digits)
	}
	return iso7816.AppendTLV(dst, tagTruncated, []byte{c.Digits}, binary.BigEndian.AppendUint32(nil, value))
}

// pow10 is 10 to the power of at most maxDigits digits.
func pow10(digits byte) uint32 {
	n := uint32(1)
	for range digits {
		n *= 10
	}
	return n
}
