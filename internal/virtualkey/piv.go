package virtualkey

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"ykmfa/internal/iso7816"
)

// The PIV applet is the subset of NIST SP 800-73-4 part 2 and of Yubico's extensions
// (developers.yubico.com, PIV, "Yubico extensions") that clients of elliptic-curve keys need. It has no RSA, no
// Curve25519, no attestation, and no key in slot F9. Where neither says which status word a failure has, the comment does.

var pivAID = []byte("\xa0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00")

// pivSelected is the application property template of a YubiKey: its part of the AID, and who assigned the AID.
const pivSelected = "\x61\x11\x4f\x06\x00\x00\x10\x00\x01\x00\x79\x07\x4f\x05\xa0\x00\x00\x03\x08"

// Instructions: from SP 800-73-4 section 3, and from F7 on Yubico's.
const (
	insVerify              = 0x20
	insChangeReference     = 0x24
	insResetRetryCounter   = 0x2c
	insGenerateAsymmetric  = 0x47
	insGeneralAuthenticate = 0x87
	insGetData             = 0xcb
	insPutData             = 0xdb
	insGetMetadata         = 0xf7
	insGetSerial           = 0xf8
	insSetPINRetries       = 0xfa
	insResetPIV            = 0xfb
	insGetVersion          = 0xfd
	insImportKey           = 0xfe
	insSetManagementKey    = 0xff
)

// maxPIVData is how many bytes of data a command may have, in one piece or chained: what Yubico's clients send at most.
const maxPIVData = 3062

// touchCache is for how long a touch serves keys whose touch policy is cached.
const touchCache = 15 * time.Second

// pivApplet is the PIV applet.
type pivApplet struct {
	profile profile
	store   *store
	rand    io.Reader
	now     func() time.Time
	touched func(context.Context) bool

	verified  bool           // the PIN
	managing  bool           // authenticated with the management key
	last      pivLastCommand // what the command before this one has left for it
	lastTouch time.Time      // the sensor knows nothing of sessions: reset leaves this alone
}

// pivLastCommand is what lasts until the next command, whatever that is.
type pivLastCommand struct {
	verified  bool       // it was a VERIFY with the right PIN
	challenge *challenge // which the next command has to answer
}

func (p *pivApplet) reset() { p.verified, p.managing, p.last = false, false, pivLastCommand{} }

func (p *pivApplet) selectApplet() ([]byte, status) {
	p.reset()
	return []byte(pivSelected), swOK
}

func (p *pivApplet) handle(ctx context.Context, c iso7816.Command) ([]byte, status) {
	last := p.last
	p.last = pivLastCommand{}
	if len(c.Data) > maxPIVData {
		return nil, swWrongLength
	}
	switch c.INS {
	case insVerify:
		return nil, p.verify(c)
	case insChangeReference:
		return nil, p.changeReference(c)
	case insResetRetryCounter:
		return nil, p.resetRetryCounter(c)
	case insGenerateAsymmetric:
		return p.generate(c)
	case insGeneralAuthenticate:
		return p.generalAuthenticate(ctx, c, last)
	case insGetData:
		return p.getData(c)
	case insPutData:
		return nil, p.putData(c)
	case insSetPINRetries:
		return nil, p.setRetries(c)
	case insResetPIV:
		return nil, p.wipe(c)
	case insImportKey:
		return nil, p.importKey(c)
	case insSetManagementKey:
		return nil, p.setManagementKey(c)
	}
	return p.identify(c)
}

// identify runs the commands that only tell what there is. A firmware that is too old does not know them.
func (p *pivApplet) identify(c iso7816.Command) ([]byte, status) {
	switch {
	case c.INS == insGetVersion:
		return p.profile.firmware[:], swOK
	case c.INS == insGetSerial && p.profile.atLeast(5, 0, 0):
		return binary.BigEndian.AppendUint32(nil, p.store.serial), swOK
	case c.INS == insGetMetadata && p.profile.atLeast(5, 3, 0):
		return p.metadata(c)
	case c.INS == insGetResponse: // with nothing left: what a YubiKey 5 answers
		return nil, swWrongData
	}
	return nil, swInstructionNotSupported
}

// touch waits for the finger if the policy asks for it.
func (p *pivApplet) touch(ctx context.Context, policy byte) status {
	switch {
	case policy != touchPolicyAlways && policy != touchPolicyCached:
		return swOK
	case policy == touchPolicyCached && !p.lastTouch.IsZero() && p.now().Sub(p.lastTouch) < touchCache:
		return swOK
	case !p.touched(ctx):
		return swSecurityStatus
	}
	p.lastTouch = p.now()
	return swOK
}

func (p *pivApplet) random(n int) ([]byte, status) {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.rand, b); err != nil {
		return nil, swMemoryFailure
	}
	return b, swOK
}
