package virtualkey

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"

	"ykmfa/internal/iso7816"
)

var oathAID = []byte("\xa0\x00\x00\x05\x27\x21\x01\x01")

// Instructions and tags of the YubiKey OATH protocol (developers.yubico.com, OATH, "YKOATH instruction set").
const (
	insPut           = 0x01
	insDelete        = 0x02
	insSetCode       = 0x03
	insReset         = 0x04
	insRename        = 0x05
	insList          = 0xa1
	insCalculate     = 0xa2
	insValidate      = 0xa3
	insCalculateAll  = 0xa4
	insSendRemaining = 0xa5

	tagName          = 0x71
	tagListEntry     = 0x72
	tagKey           = 0x73
	tagChallenge     = 0x74
	tagResponse      = 0x75
	tagTruncated     = 0x76
	tagHOTP          = 0x77
	tagProperty      = 0x78 // followed by one byte, without a length
	tagVersion       = 0x79
	tagInitialFactor = 0x7a
	tagAlgorithm     = 0x7b
	tagTouch         = 0x7c

	typeMask = 0xf0
	typeHOTP = 0x10
	typeTOTP = 0x20
	hashMask = 0x0f

	propertyIncreasing = 0x01
	propertyTouch      = 0x02

	saltSize      = 8
	challengeSize = 8
)

// oathApplet is the OATH applet.
type oathApplet struct {
	profile profile
	store   *store
	rand    io.Reader
	touched func(context.Context) bool

	challenge []byte // of the last SELECT; nil: none was given out
	validated bool
}

func (o *oathApplet) reset() { o.challenge, o.validated = nil, false }

func (o *oathApplet) selectApplet() ([]byte, status) {
	o.reset()
	out := iso7816.AppendTLV(nil, tagVersion, o.profile.oathVersion[:])
	out = iso7816.AppendTLV(out, tagName, o.store.state.Salt)
	key := o.store.state.AccessKey
	if key == nil {
		return out, swOK
	}
	challenge, sw := o.random(challengeSize)
	if !sw.ok() {
		return nil, sw
	}
	o.challenge = challenge
	out = iso7816.AppendTLV(out, tagChallenge, challenge)
	return iso7816.AppendTLV(out, tagAlgorithm, []byte{key.Algorithm}), swOK
}

func (o *oathApplet) handle(ctx context.Context, c iso7816.Command) ([]byte, status) {
	if o.locked() && c.INS != insValidate && c.INS != insReset {
		return nil, swSecurityStatus
	}
	if !parametersFit(c) {
		return nil, swWrongParameters
	}
	switch c.INS {
	case insPut:
		return nil, o.put(c.Data)
	case insDelete:
		return nil, o.delete(c.Data)
	case insSetCode:
		return nil, o.setCode(c.Data)
	case insReset:
		return nil, o.wipe()
	case insRename:
		return nil, o.rename(c.Data)
	case insList:
		return o.list(), swOK
	case insCalculate:
		return o.calculate(ctx, c.Data, c.P2 == p2Truncated)
	case insValidate:
		return o.validate(c.Data)
	case insCalculateAll:
		return o.calculateAll(c.Data, c.P2 == p2Truncated)
	case insSendRemaining: // with nothing left: what the NEO's applet answers
		return nil, swOK
	}
	return nil, swInstructionNotSupported
}

// parametersFit checks P1 and P2.
func parametersFit(c iso7816.Command) bool {
	switch c.INS {
	case insReset:
		return c.P1 == 0xde && c.P2 == 0xad
	case insCalculate, insCalculateAll:
		return c.P1 == 0 && c.P2 <= p2Truncated
	}
	return c.P1 == 0 && c.P2 == 0
}

func (o *oathApplet) locked() bool { return o.store.state.AccessKey != nil && !o.validated }

// update changes the state and stores it; after any status but 9000 nothing has changed.
func (o *oathApplet) update(change func(*state)) status {
	if err := o.store.update(change); err != nil {
		return swMemoryFailure
	}
	return swOK
}

func (o *oathApplet) random(n int) ([]byte, status) {
	b := make([]byte, n)
	if _, err := io.ReadFull(o.rand, b); err != nil {
		return nil, swMemoryFailure
	}
	return b, swOK
}

// find returns the position of the credential with this id, or -1.
func (o *oathApplet) find(id []byte) int {
	for i, c := range o.store.state.Credentials {
		if !c.free() && bytes.Equal(c.ID, id) {
			return i
		}
	}
	return -1
}

// hashOf returns the hash that an algorithm byte names, or nil.
func hashOf(algorithm byte) func() hash.Hash {
	switch algorithm & hashMask {
	case 1:
		return sha1.New
	case 2:
		return sha256.New
	case 3:
		return sha512.New
	}
	return nil
}

// hashFor is hashOf for what this firmware supports.
func (o *oathApplet) hashFor(algorithm byte) func() hash.Hash {
	if o.profile.neo && algorithm&hashMask == 3 {
		return nil
	}
	return hashOf(algorithm)
}

func hmacOf(h func() hash.Hash, key, message []byte) []byte {
	mac := hmac.New(h, key)
	mac.Write(message)
	return mac.Sum(nil)
}
