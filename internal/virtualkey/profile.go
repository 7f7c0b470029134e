package virtualkey

import (
	"fmt"
	"slices"
	"strings"
)

// profile is how one generation of keys behaves.
type profile struct {
	name         string
	firmware     [3]byte
	oathVersion  [3]byte // tag 79 of SELECT OATH: the firmware, on a NEO the applet
	atr, reader  string
	neo          bool   // applet 1.0.0 in JavaCard: short APDUs, raw truncated values, no SHA-512, no touch
	fips         bool   // OATH works only with an access key
	rename       bool   // RENAME exists
	minKey       int    // shortest key that PUT takes, bytes
	capacity     int    // credentials; on a NEO bytes, see idOverhead
	block        int    // longest answer in one piece, bytes
	moreMax      int    // largest SW2 of 61xx
	capabilities uint16 // Management tag 01; 0: too old to have READ CONFIG
	otpSelect    string // what the OTP applet answers after the version
}

const (
	atrNEO = "\x3b\xfc\x13\x00\x00\x81\x31\xfe\x15YubikeyNEOr3\xe1"
	atr4   = "\x3b\xf8\x13\x00\x00\x81\x31\xfe\x15Yubikey4\xd4"
	atr5   = "\x3b\xfd\x13\x00\x00\x81\x31\xfe\x15\x80\x73\xc0\x21\xc0\x57YubiKey\x40"

	readerNEO = "Yubico Yubikey NEO OTP+U2F+CCID"
	reader45  = "Yubico YubiKey OTP+FIDO+CCID"

	defaultProfile = "5.7.4"
)

// profiles is the table of all profiles, oldest first.
func profiles() []profile {
	neo := profile{
		name: "NEO", firmware: [3]byte{3, 4, 0}, oathVersion: [3]byte{1, 0, 0}, atr: atrNEO, reader: readerNEO, neo: true,
		minKey: 1, capacity: 2048, block: 252, moreMax: 252, otpSelect: "\x01\x85\x07\x06\x00\x00\x00",
	}
	four := profile{
		name: "4.3.5", firmware: [3]byte{4, 3, 5}, oathVersion: [3]byte{4, 3, 5}, atr: atr4, reader: reader45,
		minKey: 1, capacity: 32, block: 254, moreMax: 255, capabilities: 0xff, otpSelect: "\x01\x05\x00\x06\x0f\x00\x00",
	}
	return []profile{
		neo, four,
		five("5.2.4", 2, 4, profile{capacity: 32, capabilities: 0x023f}),
		five("5.4.3", 4, 3, profile{capacity: 32, capabilities: 0x033f, rename: true}),
		five("5.7.4", 7, 4, profile{capacity: 64, capabilities: 0x033f, rename: true}),
		five("5.7.4-FIPS", 7, 4, profile{capacity: 64, capabilities: 0x033f, rename: true, fips: true}),
	}
}

// five completes the profile of a YubiKey 5 with firmware 5.minor.patch.
func five(name string, minor, patch byte, p profile) profile {
	p.name, p.firmware = name, [3]byte{5, minor, patch}
	p.oathVersion, p.atr, p.reader = p.firmware, atr5, reader45
	p.minKey, p.block, p.moreMax, p.otpSelect = 14, 256, 255, "\x01\x05\x00"
	return p
}

// Profiles lists the names for Options.Firmware, oldest first.
func Profiles() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.name)
	}
	return names
}

func findProfile(name string) (profile, error) {
	for _, p := range profiles() {
		if p.name == name {
			return p, nil
		}
	}
	return profile{}, fmt.Errorf("virtualkey: no firmware %q: one of %s", name, strings.Join(Profiles(), ", "))
}

// atLeast reports whether the firmware is major.minor.patch or newer.
func (p profile) atLeast(major, minor, patch byte) bool {
	return slices.Compare(p.firmware[:], []byte{major, minor, patch}) >= 0
}

func (p profile) version() string {
	return fmt.Sprintf("%d.%d.%d", p.firmware[0], p.firmware[1], p.firmware[2])
}
