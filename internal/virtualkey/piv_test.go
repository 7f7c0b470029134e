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
