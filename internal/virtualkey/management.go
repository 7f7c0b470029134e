package virtualkey

import (
	"context"
	"encoding/binary"

	"ykmfa/internal/iso7816"
)

var managementAID = []byte("\xa0\x00\x00\x05\x27\x47\x11\x17")

const insReadConfig = 0x1d

// managementApplet is the Management applet, as far as it identifies the key.
type managementApplet struct {
	profile profile
	store   *store
}

func (m *managementApplet) selectApplet() ([]byte, status) {
	return []byte("Virtual mgr - FW version " + m.profile.version()), swOK
}

func (m *managementApplet) reset() {}

func (m *managementApplet) handle(_ context.Context, c iso7816.Command) ([]byte, status) {
	switch {
	case c.INS != insReadConfig || m.profile.capabilities == 0:
		return nil, swInstructionNotSupported
	case c.P2 != 0:
		return nil, swWrongParameters
	case c.P1 != 0: // a page after the last
		return []byte{0}, swOK
	}
	info := m.deviceInfo()
	return append([]byte{byte(len(info))}, info...), swOK
}

// deviceInfo has the tags of READ CONFIG in the order in which a 4.3.7 and a 5.4.3 send them.
func (m *managementApplet) deviceInfo() []byte {
	p := m.profile
	serial := binary.BigEndian.AppendUint32(nil, m.store.serial)
	if p.firmware[0] < 5 {
		info := iso7816.AppendTLV(nil, 0x01, []byte{byte(p.capabilities)}) // USB, supported
		info = iso7816.AppendTLV(info, 0x02, serial)
		return iso7816.AppendTLV(info, 0x03, []byte{0x3f}) // USB, enabled
	}
	capabilities := binary.BigEndian.AppendUint16(nil, p.capabilities)
	formFactor := byte(0x01) // USB-A keychain
	if p.fips {
		formFactor |= 0x80
	}
	info := iso7816.AppendTLV(nil, 0x01, capabilities)
	info = iso7816.AppendTLV(info, 0x03, capabilities)
	info = iso7816.AppendTLV(info, 0x02, serial)
	info = iso7816.AppendTLV(info, 0x04, []byte{formFactor})
	info = iso7816.AppendTLV(info, 0x05, p.firmware[:])
	info = append(info, "\x06\x02\x00\x00\x07\x01\x0f\x08\x01\x00"...) // auto-eject, challenge-response time-out, flags
	info = iso7816.AppendTLV(info, 0x0d, capabilities)                 // NFC, supported
	info = iso7816.AppendTLV(info, 0x0e, capabilities)                 // NFC, enabled
	info = append(info, "\x0a\x01\x00\x0f\x01\x00"...)                 // not locked, no iAP
	if p.fips {
		info = m.appendFIPS(info)
	}
	return info
}

// appendFIPS says that OATH can be FIPS-approved, and that it is so while an access key is set.
func (m *managementApplet) appendFIPS(info []byte) []byte {
	const oath = 0x0008
	approved := uint16(0)
	if m.store.state.AccessKey != nil {
		approved = oath
	}
	info = iso7816.AppendTLV(info, 0x14, binary.BigEndian.AppendUint16(nil, oath))
	return iso7816.AppendTLV(info, 0x15, binary.BigEndian.AppendUint16(nil, approved))
}
