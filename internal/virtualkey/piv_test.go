package virtualkey

import (
	"strings"
	"testing"
)

const (
	selectPIV = "00a4040005a000000308"
	verifyPIN = "0020008008313233343536ffff"
	factory   = "010203040506070801020304050607080102030405060708" // the default management key

	// The key pairs of RFC 5903 section 8.1: the card's scalar and point, the peer's point, and the x-coordinate shared.
	cardScalar = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
	cardPoint  = "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
	peerPoint  = "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
	shared     = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"

	agreeIn9d = "0087119d477c4582008541" + peerPoint
	agreed    = "7c228220" + shared + "9000"
)

// The exchanges with the default key and these witnesses and challenges were computed by an independent program.
const (
	witness3DES = "0011223344556677"
	mutual3DES  = `
		> 0087039b047c028000
		< 7c0a800826604d88e55bd3e7 9000
		> 0087039b167c148008001122334455667781088899aabbccddeeff
		< 7c0a820883e96cd48a9d7151 9000
	`
	witnessAES = "00112233445566778899aabbccddeeff"
	mutualAES  = `
		> 00870a9b047c028000
		< 7c128010c53c74bb02939c2fd3d923078f3e757d 9000
		> 00870a9b267c24801000112233445566778899aabbccddeeff8110ffeeddccbbaa99887766554433221100
		< 7c1282102f7c43f570b0a3f8d9aaa8dd4249d4c5 9000
	`
)

// pivKeys are the profiles with the applet, and how the host proves the default management key to them.
var pivKeys = []struct{ firmware, witness, mutual, version string }{
	{"4.3.5", witness3DES, mutual3DES, "040305"},
	{"5.2.4", witness3DES, mutual3DES, "050204"},
	{"5.4.3", witness3DES, mutual3DES, "050403"},
	{"5.7.4", witnessAES, mutualAES, "050704"},
	{"5.7.4-FIPS", witnessAES, mutualAES, "050704"},
}

// TestPIVSession is what a client does that makes a key and agrees on a secret with it.
func TestPIVSession(t *testing.T) {
	for _, tt := range pivKeys {
		t.Run(tt.firmware, func(t *testing.T) {
			k := newKey(t, tt.firmware, salt, tt.witness, cardScalar)
			play(t, k, `
				> `+selectPIV+`
				< 61114f0600001000010079074f05a000000308 9000
				> 00fd000000
				< `+tt.version+` 9000
				> 0047009d0bac09800111aa0102ab0101
				< 6982
				`+tt.mutual+`
				> 0047009d0bac09800111aa0102ab0101
				< 7f49438641`+cardPoint+` 9000
				> `+agreeIn9d+`
				< 6982
				> `+verifyPIN+`
				< 9000
				> `+agreeIn9d+`
				< `+agreed+`
				> `+agreeIn9d+`
				< `+agreed+`
			`)
			serial, metadata := "00bc614e9000", "01011102020201030101044386 41"+cardPoint+"9000"
			if tt.firmware < "5.3" {
				metadata = "6d00"
			}
			if tt.firmware < "5" {
				serial = "6d00"
			}
			play(t, k, `
				> 00f8000000
				< `+serial+`
				> 00f7009d00
				< `+strings.ReplaceAll(metadata, " ", ""))
		})
	}
}

// applied returns a key with the PIV applet selected.
func applied(t testing.TB, firmware string, random ...string) *Key {
	t.Helper()
	k := newKey(t, firmware, append([]string{salt}, random...)...)
	play(t, k, "> "+selectPIV+"\n< 61114f0600001000010079074f05a0000003089000")
	return k
}

// managed returns a 5.4.3 whose host has proved the management key.
func managed(t testing.TB, random ...string) *Key {
	t.Helper()
	k := applied(t, "5.4.3", append([]string{witness3DES}, random...)...)
	play(t, k, mutual3DES)
	return k
}

func (k *Key) piv() *pivApplet { return k.applets[len(k.applets)-1].applet.(*pivApplet) }

func TestPIVUnknown(t *testing.T) {
	k := applied(t, "5.4.3")
	play(t, k, `
		> 00f6000000
		< 6d00
		> 00f99d0000
		< 6d00
		> 80fd000000
		< 6e00
		> 00c0000000
		< 6a80
		> 00db3fff000bf7`+strings.Repeat("00", 3063)+`
		< 6700
		> 00db3fff000bf6`+strings.Repeat("00", 3062)+`
		< 6982
	`)
	play(t, newKey(t, "NEO", salt), "> "+selectPIV+"\n< 6a82")
}

// READ CONFIG tells of PIV (bit 0010) where it is.
func TestPIVCapability(t *testing.T) {
	for _, p := range profiles() {
		if !p.neo && p.capabilities&0x10 == 0 {
			t.Errorf("%s: capabilities %04x", p.name, p.capabilities)
		}
	}
}

// Each state is lost with the applet's selection, also by itself, and with the power.
func TestPIVStateIsLost(t *testing.T) {
	for _, event := range []string{
		"> " + selectPIV,
		"> " + selectOATH + "\n> " + selectPIV,
		"!\n> " + selectPIV,
	} {
		k := managed(t)
		play(t, k, `
			> `+verifyPIN+`
			> 0020008000
			< 9000
			> 00db3fff075c035fc1055300
			< 9000
			`+event+`
			> 0020008000
			< 63c3
			> 00db3fff075c035fc1055300
			< 6982
		`)
	}
	k := managed(t)
	play(t, k, "> "+verifyPIN+"\n< 9000\n> 00a4040008a0000006472f0001\n< 6a82\n> 0020008000\n< 9000") // nothing else was selected
}

func TestPIVVerify(t *testing.T) {
	play(t, applied(t, "5.4.3"), `
		> 0020008000
		< 63c3
		> 0020018008313233343536ffff
		< 6a86
		> 0020008108313233343536ffff
		< 6a88
		> 0020009602 0300
		< 6a88
		> 0020008007313233343536ff
		< 6a80
		> 0020008009313233343536ffffff
		< 6a80
		> 0020008000
		< 63c3
		> 0020008008303030303030ffff
		< 63c2
		> `+verifyPIN+`
		< 9000
		> 0020008000
		< 9000
		> 0020ff8008313233343536ffff
		< 6a80
		> 0020ff8000
		< 9000
		> 0020008000
		< 63c3
		> `+verifyPIN+`
		< 9000
		> 0020008008303030303030ffff
		< 63c2
		> 0020008000
		< 63c2
		> 0020008008303030303030ffff
		< 63c1
		> 0020008008303030303030ffff
		< 63c0
		> `+verifyPIN+`
		< 6983
		> 0020008000
		< 6983
		!
		> `+selectPIV+`
		> `+verifyPIN+`
		< 6983
		> 00240080 10 313233343536ffff 363534333231ffff
		< 6983
	`)
}

func TestPIVChangeReference(t *testing.T) {
	play(t, applied(t, "5.4.3"), `
		> 00240180 10 313233343536ffff 363534333231ffff
		< 6a86
		> 00240082 10 313233343536ffff 363534333231ffff
		< 6a88
		> 00240080 0f 313233343536ffff 363534333231ff
		< 6a80
		> 00240080 10 313233343536ffff 3635343332ffffff
		< 6a80
		> 00240080 10 313233343536ffff 36353433ff32ffff
		< 6a80
		> 0020008000
		< 63c3
		> `+verifyPIN+`
		> 00240080 10 303030303030ffff ffffffffffffffff
		< 63c2
		> 0020008000
		< 63c2
		> 00240080 10 313233343536ffff 363534333231ffff
		< 9000
		> 0020008000
		< 63c3
		> `+verifyPIN+`
		< 63c2
		> 0020008008363534333231ffff
		< 9000
		> 00240081 10 313233343536ffff 3132333435363738
		< 63c2
		> 0020008000
		< 9000
		> 00240081 10 3132333435363738 3837363534333231
		< 9000
		> 00240081 10 3132333435363738 3837363534333231
		< 63c2
	`)
}

func TestPIVResetRetryCounter(t *testing.T) {
	play(t, applied(t, "5.4.3"), `
		> 002c0180 10 3132333435363738 363534333231ffff
		< 6a86
		> 002c0081 10 3132333435363738 363534333231ffff
		< 6a88
		> 002c0080 08 3132333435363738
		< 6a80
		> 0020008008303030303030ffff
		> 0020008008303030303030ffff
		> 0020008008303030303030ffff
		< 63c0
		> 002c0080 10 ffffffffffffffff ffffffffffffffff
		< 63c2
		> 002c0080 10 3132333435363738 363534333231ffff
		< 9000
		> 0020008000
		< 63c3
		> 0020008008363534333231ffff
		< 9000
		> 002c0080 10 ffffffffffffffff ffffffffffffffff
		> 002c0080 10 ffffffffffffffff ffffffffffffffff
		< 63c1
		> 002c0080 10 ffffffffffffffff ffffffffffffffff
		< 63c0
		> 002c0080 10 3132333435363738 363534333231ffff
		< 6983
		> 00240081 10 3132333435363738 3837363534333231
		< 6983
	`)
}

func TestPIVSetRetries(t *testing.T) {
	k := managed(t)
	play(t, k, `
		> 00fa050400
		< 6982
		> `+verifyPIN+`
		> 00fa000400
		< 6a86
		> 00fa050000
		< 6a86
		> 00240080 10 313233343536ffff 363534333231ffff
		> 00fa140400
		< 9000
		> 0020ff8000
		> 0020008000
		< 63cf
		> 0020008008363534333231ffff
		< 63cf
		> 00f7008000
		< 0101ff 050101 06021413 9000
		> 00f7008100
		< 0101ff 050101 06020404 9000
		> `+verifyPIN+`
		< 9000
		> 00f7008000
		< 0101ff 050101 06021414 9000
		!
		> `+selectPIV+`
		> `+verifyPIN+`
		> 00fa050400
		< 6982
	`)
}

// RESET works when PIN and PUK are blocked, and leaves a key as from the factory.
func TestPIVReset(t *testing.T) {
	block := strings.Repeat("> 0020008008303030303030ffff\n", 3)
	blockPUK := strings.Repeat("> 002c008010ffffffffffffffffffffffffffffffff\n", 3)
	k := managed(t, cardScalar)
	play(t, k, `
		> 0047009d0bac09800111aa0102ab0101
		> 00db3fff085c035fc105530155
		> 00ffffff1b039b180807060504030201010203040506070801020304050607 08
		< 9000
		> 00fb000000
		< 6985
		`+block+`
		< 63c0
		> 00fb000000
		< 6985
		`+blockPUK+`
		< 63c0
		> 00fb010000
		< 6a86
		> 00fb000000
		< 9000
		> 00db3fff085c035fc105530155
		< 6982
		> 0020008000
		< 63c3
		> 00f7008100
		< 0101ff 050101 06020303 9000
		> 00f7009b00
		< 010103 02020001 050101 9000
		> 00f7009d00
		< 6a88
		> 00cb3fff055c035fc105
		< 6a82
	`)
	k = applied(t, "5.4.3")
	play(t, k, blockPUK+"> 00fb000000\n< 6985")
}
