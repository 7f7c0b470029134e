package virtualkey

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"errors"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	algorithmP256 = 0x11
	algorithmP384 = 0x14

	slotAuthentication = 0x9a
	slotSignature      = 0x9c
	slotKeyManagement  = 0x9d
	slotCard           = 0x9e
	firstRetired       = 0x82
	lastRetired        = 0x95

	tagGenerate    = 0xac
	tagKeyType     = 0x80
	tagPINPolicy   = 0xaa
	tagTouchPolicy = 0xab
	tagPoint       = 0x86
	tagScalar      = 0x06 // of IMPORT

	pinPolicyNever  = 0x01
	pinPolicyOnce   = 0x02
	pinPolicyAlways = 0x03

	touchPolicyNever  = 0x01
	touchPolicyAlways = 0x02
	touchPolicyCached = 0x03

	originGenerated = 0x01
	originImported  = 0x02

	metaAlgorithm = 0x01
	metaPolicies  = 0x02
	metaOrigin    = 0x03
	metaPublic    = 0x04
	metaDefault   = 0x05
	metaTries     = 0x06

	algorithmPIN = 0xff
)

func isKeySlot(slot byte) bool {
	switch slot {
	case slotAuthentication, slotSignature, slotKeyManagement, slotCard:
		return true
	}
	return slot >= firstRetired && slot <= lastRetired
}

func touchPolicyKnown(policy byte) bool {
	return policy >= touchPolicyNever && policy <= touchPolicyCached
}

func (k pivKey) policiesKnown() bool {
	return k.PIN >= pinPolicyNever && k.PIN <= pinPolicyAlways && touchPolicyKnown(k.Touch)
}

// curve is nil for an algorithm that the applet does not know.
func (k pivKey) curve() elliptic.Curve {
	switch k.Algorithm {
	case algorithmP256:
		return elliptic.P256()
	case algorithmP384:
		return elliptic.P384()
	}
	return nil
}

func (k pivKey) private() (*ecdh.PrivateKey, error) {
	switch k.Algorithm {
	case algorithmP256:
		return ecdh.P256().NewPrivateKey(k.Scalar)
	case algorithmP384:
		return ecdh.P384().NewPrivateKey(k.Scalar)
	}
	return nil, errors.New("unknown algorithm")
}

// public is the public key as GENERATE and GET METADATA tell it.
func (k pivKey) public() []byte {
	private, err := k.private()
	if err != nil {
		return nil
	}
	return iso7816.AppendTLV(nil, tagPoint, private.PublicKey().Bytes())
}

// generate is GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2 section 3.3.2).
func (p *pivApplet) generate(c iso7816.Command) ([]byte, status) {
	if c.P1 != 0 || !isKeySlot(c.P2) {
		return nil, swIncorrectParameters
	}
	if !p.managing {
		return nil, swSecurityStatus
	}
	s := iso7816.String(c.Data)
	var template, kind []byte
	if !s.ReadTag(tagGenerate, &template) || !s.Empty() {
		return nil, swWrongData
	}
	inner := iso7816.String(template)
	if !inner.ReadTag(tagKeyType, &kind) || len(kind) != 1 {
		return nil, swWrongData
	}
	key := pivKey{Algorithm: kind[0], Origin: originGenerated}
	if key.curve() == nil || !key.readPolicies(&inner, c.P2) {
		return nil, swWrongData
	}
	if sw := p.draw(&key); !sw.ok() {
		return nil, sw
	}
	sw := p.update(func(next *pivState) { next.Keys[slotName(c.P2)] = key })
	return append([]byte{0x7f}, iso7816.AppendTLV(nil, 0x49, key.public())...), sw
}

// draw draws scalars until one is in the range of the curve; all but a few are. (The standard library would not use our
// source of random numbers.)
func (p *pivApplet) draw(k *pivKey) status {
	const attempts = 8
	for range attempts {
		var sw status
		if k.Scalar, sw = p.random(k.curve().Params().BitSize / 8); !sw.ok() {
			return sw
		}
		if _, err := k.private(); err == nil {
			return swOK
		}
	}
	return swMemoryFailure
}

// readPolicies reads Yubico's two optional policies, up to the end. Where one is left out or 0, the slot decides.
func (k *pivKey) readPolicies(s *iso7816.String, slot byte) bool {
	k.PIN, k.Touch = pinPolicyOnce, touchPolicyNever
	switch slot {
	case slotSignature:
		k.PIN = pinPolicyAlways
	case slotCard:
		k.PIN = pinPolicyNever
	}
	return readPolicy(s, tagPINPolicy, &k.PIN) && readPolicy(s, tagTouchPolicy, &k.Touch) && s.Empty() && k.policiesKnown()
}

func readPolicy(s *iso7816.String, tag byte, policy *byte) bool {
	if !s.PeekTag(tag) {
		return true
	}
	var value []byte
	if !s.ReadTag(tag, &value) || len(value) != 1 {
		return false
	}
	if value[0] != 0 {
		*policy = value[0]
	}
	return true
}

// importKey is Yubico's IMPORT ASYMMETRIC KEY.
func (p *pivApplet) importKey(c iso7816.Command) status {
	key := pivKey{Algorithm: c.P1, Origin: originImported}
	if !isKeySlot(c.P2) || key.curve() == nil {
		return swIncorrectParameters
	}
	if !p.managing {
		return swSecurityStatus
	}
	s := iso7816.String(c.Data)
	var scalar []byte
	if !s.ReadTag(tagScalar, &scalar) || !key.readPolicies(&s, c.P2) {
		return swWrongData
	}
	key.Scalar = slices.Clone(scalar)
	if _, err := key.private(); err != nil {
		return swWrongData
	}
	return p.update(func(next *pivState) { next.Keys[slotName(c.P2)] = key })
}

// metadata is Yubico's GET METADATA, in the order in which a YubiKey 5 tells it.
func (p *pivApplet) metadata(c iso7816.Command) ([]byte, status) {
	if c.P1 != 0 {
		return nil, swIncorrectParameters
	}
	s, factory := p.state(), newPIVState(p.profile)
	if secret := s.secret(c.P2); secret != nil {
		out := iso7816.AppendTLV(nil, metaAlgorithm, []byte{algorithmPIN})
		out = iso7816.AppendTLV(out, metaDefault, flag(slices.Equal(secret.Value, factory.secret(c.P2).Value)))
		return iso7816.AppendTLV(out, metaTries, []byte{secret.Max, secret.Tries}), swOK
	}
	if c.P2 == slotManagement {
		m := s.Management
		out := iso7816.AppendTLV(nil, metaAlgorithm, []byte{m.Algorithm})
		out = iso7816.AppendTLV(out, metaPolicies, []byte{0, m.Touch})
		return iso7816.AppendTLV(out, metaDefault, flag(slices.Equal(m.Key, factory.Management.Key))), swOK
	}
	key, ok := s.Keys[slotName(c.P2)]
	if !ok {
		return nil, swReferenceNotFound
	}
	out := iso7816.AppendTLV(nil, metaAlgorithm, []byte{key.Algorithm})
	out = iso7816.AppendTLV(out, metaPolicies, []byte{key.PIN, key.Touch})
	out = iso7816.AppendTLV(out, metaOrigin, []byte{key.Origin})
	return iso7816.AppendTLV(out, metaPublic, key.public()), swOK
}

func flag(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}
