package oath_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"ykmfa/oath"
)

const (
	selectManagement = "00a4040008a000000527471117"
	readConfig       = "001d000000"
	selectOTP        = "00a4040007a0000005272001"
	readSerial       = "0001100000"
	greeting543      = "5669727475616c206d6772202d2046572076657273696f6e20352e342e33 9000" // "Virtual mgr - FW version 5.4.3"
)

// Configurations recorded from devices, or published by Yubico.
func TestReadDevice(t *testing.T) {
	for _, tt := range []struct {
		config string
		want   oath.Device
	}{
		{"2e0102033f0302033f0204016bf6e604010305030504030602000007010f0801000d02033f0e02033f0a01000f0100",
			oath.Device{Serial: 23852774, Version: oath.Version{5, 4, 3}, Form: "USB-C keychain"}},
		{"0c0101ff0204006cb7d603013f", oath.Device{Serial: 7124950, Version: oath.Version{5, 4, 3}}},
		{"2b0102023f030200240204008a6f1304010105030501020602001e07010f0801800d02023f0e0200000a0101",
			oath.Device{Serial: 9072403, Version: oath.Version{5, 1, 2}, Form: "USB-A keychain"}},
		{"2e0102023f0302022f020400cb85b704010105030502060602000007010f0801000d02023f0e02022b0a01000f0100",
			oath.Device{Serial: 13338039, Version: oath.Version{5, 2, 6}, Form: "USB-A keychain"}},
		{"2e0102033f0302033f020400bc614e0401010503050403" + "06020000" + "07010f0801000d02033f0e02033f0a01000f0100",
			oath.Device{Serial: 12345678, Version: oath.Version{5, 4, 3}, Form: "USB-A keychain"}},
		{"260102023f0302023f020400aa55c904010505030502040602000007010f0801000a01000f010c",
			oath.Device{Serial: 11163081, Version: oath.Version{5, 2, 4}, Form: "USB-C and Lightning"}},
		{"3c0102033f0302033f020400bc614e04018305030507040602000007010f0801000d02033f0e02033f0a01000f01001402001f15020008160100100101",
			oath.Device{Serial: 12345678, Version: oath.Version{5, 7, 4}, Form: "USB-C keychain", FIPS: true}},
		{"0401020020", oath.Device{Version: oath.Version{5, 4, 3}}},
	} {
		got, err := oath.ReadDevice(conversation(t, selectManagement, greeting543, readConfig, tt.config+"9000"))
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.config, got, err)
		}
	}
	for _, config := range []string{"", "05 0102033f", "03 0102033f", "0302 04 00"} {
		got, err := oath.ReadDevice(conversation(t, selectManagement, greeting543, readConfig, config+"9000"))
		if !errors.Is(err, oath.ErrCorrupt) || got != (oath.Device{}) {
			t.Errorf("%q: %+v, %v", config, got, err)
		}
	}
}

// Keys whose Management applet does not tell: the OTP applet does.
func TestReadDeviceOTP(t *testing.T) {
	neo := "4d67 72 20332e342e30 9000" // "Mgr 3.4.0"
	want := oath.Device{Serial: 23852774, Version: oath.Version{3, 3, 7}}
	for _, management := range []string{"6a82", neo, "6d00"} {
		got, err := oath.ReadDevice(conversation(t, selectManagement, management,
			selectOTP, "03030701850706000000 9000", readSerial, "016bf6e6 9000"))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", management, got, err)
		}
	}
	if got, err := oath.ReadDevice(conversation(t, selectManagement, "6a82", selectOTP, "6a82")); err != nil || got != (oath.Device{}) {
		t.Errorf("neither applet: %+v, %v", got, err)
	}
	// A YubiKey Edge repeats the status word in its greeting.
	edge := "4657 20342e312e31 9000 9000"
	got, err := oath.ReadDevice(conversation(t, selectManagement, edge, readConfig, "0401020020 9000"))
	if err != nil || got.Version != (oath.Version{4, 1, 1}) {
		t.Errorf("Edge: %+v, %v", got, err)
	}
}

// A key that stops answering half-way is an error, and no half of a device beside it.
func TestReadDeviceBreaks(t *testing.T) {
	otp := []string{selectManagement, "6a82", selectOTP, "03030701850706000000 9000", readSerial}
	for name, lines := range map[string][]string{
		"greeting": {selectManagement, "90"}, "config": {selectManagement, greeting543, readConfig, ""},
		"OTP": {selectManagement, "6a82", selectOTP, "61ff"}, "serial": append(otp, "90"),
	} {
		if d, err := oath.ReadDevice(conversation(t, lines...)); !errors.Is(err, oath.ErrCorrupt) || d != (oath.Device{}) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	// But a key that refuses to tell is only a key without serial number.
	d, err := oath.ReadDevice(conversation(t, selectManagement, greeting543, readConfig, "6d00"))
	if err != nil || d != (oath.Device{Version: oath.Version{5, 4, 3}}) {
		t.Errorf("READ CONFIG refused: %+v, %v", d, err)
	}
	d, err = oath.ReadDevice(conversation(t, append(otp, "6a86")...))
	if err != nil || d != (oath.Device{Version: oath.Version{3, 3, 7}}) {
		t.Errorf("serial number refused: %+v, %v", d, err)
	}
}

// Answers of the Management applet are continued with ISO's GET RESPONSE, not with OATH's SEND REMAINING.
func TestReadDeviceChained(t *testing.T) {
	d, err := oath.ReadDevice(conversation(t, selectManagement, greeting543,
		readConfig, "0c0101ff0204 6107", "00c0000000", "006cb7d603013f 9000"))
	if err != nil || d.Serial != 7124950 {
		t.Errorf("%+v, %v", d, err)
	}
}

// The greeting's version is three numbers; anything else is not taken for one.
func TestReadDeviceGreetings(t *testing.T) {
	for text, want := range map[string]oath.Version{
		"Virtual mgr - FW version 4.3.7": {4, 3, 7}, "FW 5.10.12": {5, 10, 12}, "4.3.5 5.4.3": {4, 3, 5},
	} {
		greeting := hex.EncodeToString([]byte(text)) + "9000"
		if d, err := oath.ReadDevice(conversation(t, selectManagement, greeting, readConfig, "0401020020 9000")); err != nil || d.Version != want {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "FW", "FW 5.4", "FW 5.4.300", "FW 5.4.x", "FW 5.4.3.1", "FW 5..3"} {
		greeting := hex.EncodeToString([]byte(text)) + "9000"
		if d, err := oath.ReadDevice(conversation(t, selectManagement, greeting, selectOTP, "6a82")); err != nil || d != (oath.Device{}) {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
}
