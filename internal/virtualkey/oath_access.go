package virtualkey

import (
	"crypto/hmac"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	maxAccessKey        = 64 // bytes
	minChallengeNEO     = 8  // bytes, of the host in VALIDATE
	removeCode          = "\x73\x00"
	accessTypesAccepted = typeHOTP | typeTOTP
)

// setCode is SET CODE: it sets, changes or removes the access key.
func (o *oathApplet) setCode(data []byte) status {
	if string(data) == removeCode {
		return o.removeCode()
	}
	s := iso7816.String(data)
	var key, challenge, proof []byte
	if !s.ReadTag(tagKey, &key) || !s.ReadTag(tagChallenge, &challenge) || !s.ReadTag(tagResponse, &proof) || !s.Empty() {
		return swWrongData
	}
	if len(key) < 2 || len(key) > 1+maxAccessKey {
		return swWrongData
	}
	access := accessKey{Algorithm: key[0], Key: slices.Clone(key[1:])}
	if sw := o.checkAccessAlgorithm(&access); !sw.ok() {
		return sw
	}
	if !hmac.Equal(proof, access.hmac(challenge)) {
		return swNoSuchObject
	}
	sw := o.update(func(s *state) { s.AccessKey = &access })
	if sw.ok() {
		o.validated = !o.profile.neo // a NEO locks at once
	}
	return sw
}

func (o *oathApplet) removeCode() status {
	if o.profile.fips {
		return swConditionsNotSatisfied
	}
	return o.update(func(s *state) { s.AccessKey = nil })
}

// checkAccessAlgorithm checks the algorithm byte of an access key. A NEO wants the type nibble of a credential in
// it and tells the byte again in SELECT; later keys do without, and tell the hash.
func (o *oathApplet) checkAccessAlgorithm(k *accessKey) status {
	kind := k.Algorithm & typeMask
	known := o.hashFor(k.Algorithm) != nil
	switch {
	case o.profile.neo && (!known || kind != typeHOTP && kind != typeTOTP):
		return swNoSuchObject
	case !known || kind&^accessTypesAccepted != 0:
		return swWrongData
	case !o.profile.neo:
		k.Algorithm &= hashMask
	}
	return swOK
}

// validate is VALIDATE: the host proves the access key on our challenge, then we on its own.
func (o *oathApplet) validate(data []byte) ([]byte, status) {
	key := o.store.state.AccessKey
	if key == nil {
		return nil, swNoSuchObject
	}
	s := iso7816.String(data)
	var proof, challenge []byte
	if !s.ReadTag(tagResponse, &proof) || !s.ReadTag(tagChallenge, &challenge) || !s.Empty() {
		return nil, swWrongData
	}
	if o.profile.neo && len(challenge) < minChallengeNEO {
		return nil, swWrongData
	}
	if o.challenge == nil || !hmac.Equal(proof, key.hmac(o.challenge)) {
		return nil, swWrongData
	}
	o.validated = true
	return iso7816.AppendTLV(nil, tagResponse, key.hmac(challenge)), swOK
}

// wipe is RESET: a new salt, no credentials, no access key.
func (o *oathApplet) wipe() status {
	salt, sw := o.random(saltSize)
	if !sw.ok() {
		return sw
	}
	sw = o.update(func(s *state) { s.Salt, s.AccessKey, s.Credentials = salt, nil, nil })
	if sw.ok() {
		o.reset()
	}
	return sw
}
