package virtualkey

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"slices"

	"ykmfa/internal/iso7816"
)

// Algorithms of the management key (SP 800-78-4 table 6-2).
const (
	algorithm3DES   = 0x03
	algorithmAES128 = 0x08
	algorithmAES192 = 0x0a
	algorithmAES256 = 0x0c

	slotManagement = 0x9b

	p1SetManagementKey = 0xff
)

// managementKeySize is how many bytes a key has, or -1.
func managementKeySize(algorithm byte) int {
	switch algorithm {
	case algorithmAES128:
		return 16
	case algorithm3DES, algorithmAES192:
		return 24
	case algorithmAES256:
		return 32
	}
	return -1
}

func (m managementKey) cipher() (cipher.Block, error) {
	if m.Algorithm == algorithm3DES {
		return des.NewTripleDESCipher(m.Key)
	}
	return aes.NewCipher(m.Key)
}

// challenge is half of an authentication with the management key: in which tag which answer is expected.
type challenge struct {
	tag  byte
	want []byte
}

// authenticate is GENERAL AUTHENTICATE with the management key (SP 800-73-4 part 2 appendix A.1): the host asks for a
// witness, which it decrypts, or for a challenge, which it encrypts. A host that goes on with anything but the right
// answer, whatever it was before, is no longer authenticated; that is how firmware 5.2.4 and 5.7.4 behave.
func (p *pivApplet) authenticate(ctx context.Context, algorithm byte, t authTemplate, pending *challenge) ([]byte, status) {
	key := p.state().Management
	if algorithm == 0 { // SP 800-78-4: 3DES as well
		algorithm = algorithm3DES
	}
	if algorithm != key.Algorithm {
		return nil, swWrongData
	}
	block, err := key.cipher()
	if err != nil {
		return nil, swAborted
	}
	p.managing = false
	switch {
	case t.only(tagAuthWitness) && len(t.witness) == 0:
		return p.giveWitness(block)
	case t.only(tagAuthChallenge) && len(t.challenge) == 0:
		return p.giveChallenge(block)
	case t.only(tagAuthResponse):
		return nil, p.accept(ctx, key, pending, tagAuthResponse, t.response)
	case t.mutual() && len(t.challenge) == block.BlockSize():
		sw := p.accept(ctx, key, pending, tagAuthWitness, t.witness)
		return authAnswer(tagAuthResponse, encrypt(block, t.challenge)), sw
	}
	return nil, swWrongData
}

// mutual reports whether the host proves itself and challenges the key. Some clients also say, empty, where the answer is to
// be.
func (t authTemplate) mutual() bool {
	return t.only(tagAuthWitness, tagAuthChallenge) ||
		t.only(tagAuthWitness, tagAuthChallenge, tagAuthResponse) && len(t.response) == 0
}

func (p *pivApplet) giveWitness(block cipher.Block) ([]byte, status) {
	witness, sw := p.random(block.BlockSize())
	if !sw.ok() {
		return nil, sw
	}
	p.last.challenge = &challenge{tagAuthWitness, witness}
	return authAnswer(tagAuthWitness, encrypt(block, witness)), swOK
}

func (p *pivApplet) giveChallenge(block cipher.Block) ([]byte, status) {
	plain, sw := p.random(block.BlockSize())
	if !sw.ok() {
		return nil, sw
	}
	p.last.challenge = &challenge{tagAuthResponse, encrypt(block, plain)}
	return authAnswer(tagAuthChallenge, plain), swOK
}

// accept is the end of an authentication.
func (p *pivApplet) accept(ctx context.Context, key managementKey, pending *challenge, tag byte, got []byte) status {
	if pending == nil || pending.tag != tag || subtle.ConstantTimeCompare(pending.want, got) != 1 {
		return swSecurityStatus
	}
	sw := p.touch(ctx, key.Touch)
	p.managing = sw.ok()
	return sw
}

func encrypt(block cipher.Block, plain []byte) []byte {
	out := make([]byte, block.BlockSize())
	block.Encrypt(out, plain)
	return out
}

// setManagementKey is Yubico's SET MANAGEMENT KEY: algorithm, then the key as a TLV of its slot. P2 is ff without touch,
// fe with, fd with cached touch.
func (p *pivApplet) setManagementKey(c iso7816.Command) status {
	touch := -c.P2 // ff, fe, fd: 1, 2, 3
	if c.P1 != p1SetManagementKey || !touchPolicyKnown(touch) {
		return swIncorrectParameters
	}
	if !p.managing {
		return swSecurityStatus
	}
	s := iso7816.String(c.Data)
	var algorithm byte
	var key []byte
	if !s.ReadUint8(&algorithm) || !s.ReadTag(slotManagement, &key) || !s.Empty() || len(key) != managementKeySize(algorithm) {
		return swWrongData
	}
	if algorithm != algorithm3DES && !p.profile.atLeast(5, 4, 0) {
		return swWrongData
	}
	next := managementKey{algorithm, slices.Clone(key), touch}
	return p.update(func(s *pivState) { s.Management = next })
}
