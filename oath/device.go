package oath

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"ykmfa/internal/iso7816"
)

// Device is what a key tells about itself outside the OATH applet.
type Device struct {
	Serial  uint32 // 0: it has none, or does not tell
	Version Version
	Form    string // "USB-A keychain", ...; empty when not known
	FIPS    bool
}

var (
	aidManagement = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17}
	aidOTP        = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01}
)

const (
	insReadConfig  = 0x1d
	insOTP         = 0x01
	slotSerial     = 0x10 // P1 of the OTP applet
	insGetResponse = 0xc0 // continues answers outside OATH

	configSerial  = 0x02
	configForm    = 0x04
	configVersion = 0x05
)

// ReadDevice asks the Management applet, or on a NEO the OTP applet, for serial number, firmware and form. It selects
// another applet: Select OATH again afterwards. A card that has neither applet gives a zero Device and no error.
func ReadDevice(card Card) (Device, error) {
	text, status, err := exchange(card, iso7816.Command{INS: insSelect, P1: 0x04, Data: aidManagement}, insGetResponse)
	if err != nil {
		return Device{}, err
	}
	version := parseVersionText(bytes.TrimSuffix(text, []byte{0x90, 0x00})) // a YubiKey Edge says 9000 twice
	if status != statusOK || version.Less(Version{4, 1, 0}) {
		return readOTP(card)
	}
	config, status, err := exchange(card, iso7816.Command{INS: insReadConfig}, insGetResponse)
	if err != nil {
		return Device{}, err
	}
	if status != statusOK {
		return Device{Version: version}, nil
	}
	d, ok := parseConfig(config)
	if !ok {
		return Device{}, corrupt("READ CONFIG")
	}
	if d.Version == (Version{}) {
		d.Version = version
	}
	return d, nil
}

// parseVersionText finds the version in the Management applet's greeting: the first word of three numbers.
func parseVersionText(text []byte) Version {
	for _, word := range strings.Fields(string(text)) {
		parts := strings.Split(word, ".")
		var v Version
		if len(parts) == len(v) && parseNumbers(parts, &v) {
			return v
		}
	}
	return Version{}
}

func parseNumbers(parts []string, v *Version) bool {
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return false
		}
		v[i] = byte(n)
	}
	return true
}

// parseConfig reads the answer to READ CONFIG: a length byte, then one-byte tags and lengths.
func parseConfig(config []byte) (Device, bool) {
	var d Device
	var n byte
	in := iso7816.String(config)
	if !in.ReadUint8(&n) || int(n) != len(in) {
		return d, false
	}
	for !in.Empty() {
		var tag byte
		var value []byte
		if !in.ReadTLV(&tag, &value) {
			return d, false
		}
		switch {
		case tag == configSerial && len(value) == 4:
			d.Serial = binary.BigEndian.Uint32(value)
		case tag == configForm && len(value) == 1:
			d.Form, d.FIPS = form(value[0]&0x0f), value[0]&0x80 != 0
		case tag == configVersion && len(value) == 3:
			d.Version = Version(value)
		}
	}
	return d, true
}

func form(number byte) string {
	forms := [...]string{
		1: "USB-A keychain", 2: "USB-A nano", 3: "USB-C keychain", 4: "USB-C nano",
		5: "USB-C and Lightning", 6: "USB-A bio", 7: "USB-C bio",
	}
	if int(number) >= len(forms) {
		return ""
	}
	return forms[number]
}

// readOTP takes version and serial number from the OTP applet, the only one of a NEO that tells them.
func readOTP(card Card) (Device, error) {
	greeting, status, err := exchange(card, iso7816.Command{INS: insSelect, P1: 0x04, Data: aidOTP}, insGetResponse)
	if err != nil || status != statusOK || len(greeting) < 3 {
		return Device{}, err
	}
	serial, status, err := exchange(card, iso7816.Command{INS: insOTP, P1: slotSerial}, insGetResponse)
	if err != nil {
		return Device{}, err
	}
	d := Device{Version: Version(greeting[:3])}
	if status == statusOK && len(serial) == 4 {
		d.Serial = binary.BigEndian.Uint32(serial)
	}
	return d, nil
}
