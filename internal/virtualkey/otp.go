package virtualkey

import (
	"context"
	"encoding/binary"

	"ykmfa/internal/iso7816"
)

var otpAID = []byte("\xa0\x00\x00\x05\x27\x20\x01\x01")

const (
	insSlot    = 0x01
	insStatus  = 0x03
	slotSerial = 0x10
	statusSize = 6 // bytes: version, programming sequence, touch level (little-endian)
)

// otpApplet is the OTP applet, as far as it identifies the key. Its two slots are not there.
type otpApplet struct {
	profile profile
	store   *store
}

func (o *otpApplet) selectApplet() ([]byte, status) {
	return append(o.profile.firmware[:], o.profile.otpSelect...), swOK
}

func (o *otpApplet) reset() {}

func (o *otpApplet) handle(_ context.Context, c iso7816.Command) ([]byte, status) {
	switch {
	case c.INS == insSlot && c.P1 == slotSerial:
		return binary.BigEndian.AppendUint32(nil, o.store.serial), swOK
	case c.INS == insSlot && o.profile.neo:
		return nil, swIncorrectParameters
	case c.INS == insSlot:
		return nil, swWrongParameters
	case c.INS == insStatus:
		answer, sw := o.selectApplet()
		return answer[:statusSize], sw
	}
	return nil, swInstructionNotSupported
}
