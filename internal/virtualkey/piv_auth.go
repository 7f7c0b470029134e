package virtualkey

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"math/bits"

	"ykmfa/internal/iso7816"
)

// Tags of GENERAL AUTHENTICATE (SP 800-73-4 part 2 table 7).
const (
	tagAuthTemplate  = 0x7c
	tagAuthWitness   = 0x80
	tagAuthChallenge = 0x81
	tagAuthResponse  = 0x82
	tagAuthPoint     = 0x85 // "exponentiation"
)

// authTemplate is the dynamic authentication template: what is in it, and which of it.
type authTemplate struct {
	witness, challenge, response, point []byte

	present uint16 // bits, by the low digit of the tag
}

// only reports whether the template has exactly these objects.
func (t authTemplate) only(tags ...byte) bool {
	for _, tag := range tags {
		if !t.has(tag) {
			return false
		}
	}
	return bits.OnesCount16(t.present) == len(tags)
}

func (t authTemplate) has(tag byte) bool { return t.present&(1<<(tag&0xf)) != 0 }

func parseAuthTemplate(data []byte) (t authTemplate, ok bool) {
	outer := iso7816.String(data)
	var body []byte
	if !outer.ReadTag(tagAuthTemplate, &body) || !outer.Empty() {
		return t, false
	}
	for s := iso7816.String(body); !s.Empty(); {
		var tag byte
		var value []byte
		if !s.ReadTLV(&tag, &value) {
			return t, false
		}
		at := t.object(tag)
		if at == nil || t.has(tag) {
			return t, false
		}
		*at = value
		t.present |= 1 << (tag & 0xf)
	}
	return t, true
}

func (t *authTemplate) object(tag byte) *[]byte {
	switch tag {
	case tagAuthWitness:
		return &t.witness
	case tagAuthChallenge:
		return &t.challenge
	case tagAuthResponse:
		return &t.response
	case tagAuthPoint:
		return &t.point
	}
	return nil
}

func authAnswer(tag byte, value []byte) []byte {
	return iso7816.AppendTLV(nil, tagAuthTemplate, iso7816.AppendTLV(nil, tag, value))
}

// generalAuthenticate is GENERAL AUTHENTICATE (section 3.2.4), with the management key or a key in a slot.
func (p *pivApplet) generalAuthenticate(ctx context.Context, c iso7816.Command, last pivLastCommand) ([]byte, status) {
	t, ok := parseAuthTemplate(c.Data)
	switch {
	case c.P2 != slotManagement && !isKeySlot(c.P2):
		return nil, swIncorrectParameters
	case !ok:
		return nil, swWrongData
	case c.P2 == slotManagement:
		return p.authenticate(ctx, c.P1, t, last.challenge)
	}
	return p.useKey(ctx, c, t, last.verified)
}

// useKey signs or agrees on a secret. A slot without such a key is 6a80, which is how ykman knows it. The finger comes last:
// nobody is asked for a touch that could not help.
func (p *pivApplet) useKey(ctx context.Context, c iso7816.Command, t authTemplate, justVerified bool) ([]byte, status) {
	key, ok := p.state().Keys[slotName(c.P2)]
	if !ok || key.Algorithm != c.P1 {
		return nil, swWrongData
	}
	if !p.pinSatisfies(key.PIN, justVerified) {
		return nil, swSecurityStatus
	}
	var result []byte
	switch {
	case t.only(tagAuthResponse, tagAuthChallenge) && len(t.response) == 0:
		result, ok = key.sign(t.challenge)
	case t.only(tagAuthResponse, tagAuthPoint) && len(t.response) == 0:
		result, ok = key.agree(t.point)
	default:
		ok = false
	}
	if !ok {
		return nil, swWrongData
	}
	if sw := p.touch(ctx, key.Touch); !sw.ok() {
		return nil, sw
	}
	return authAnswer(tagAuthResponse, result), swOK
}

func (p *pivApplet) pinSatisfies(policy byte, justVerified bool) bool {
	switch policy {
	case pinPolicyNever:
		return true
	case pinPolicyOnce:
		return p.verified
	}
	return justVerified
}

// sign makes an ECDSA signature, in DER, of a digest that is at most as long as the key.
func (k pivKey) sign(digest []byte) ([]byte, bool) {
	if len(digest) == 0 || len(digest) > len(k.Scalar) {
		return nil, false
	}
	private, err := ecdsa.ParseRawPrivateKey(k.curve(), k.Scalar)
	if err != nil {
		return nil, false
	}
	signature, err := ecdsa.SignASN1(rand.Reader, private, digest)
	return signature, err == nil
}

// agree is ECDH with a point that is not compressed: the x-coordinate.
func (k pivKey) agree(point []byte) ([]byte, bool) {
	private, err := k.private()
	if err != nil {
		return nil, false
	}
	peer, err := private.Curve().NewPublicKey(point)
	if err != nil {
		return nil, false
	}
	secret, err := private.ECDH(peer)
	return secret, err == nil
}
