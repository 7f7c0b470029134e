package virtualkey

import (
	"context"
	"testing"
	"time"
)

// refusesPutData is how a script asks whether the management key is proved.
const (
	refusesPutData = "> 00db3fff085c035fc105530155\n< 6982\n"
	allowsPutData  = "> 00db3fff085c035fc105530155\n< 9000\n"
)

// The blocks are those of the mutual exchange: an encrypted challenge is an encrypted witness.
func TestPIVSingleAuthentication(t *testing.T) {
	for _, algorithm := range []string{"03", "00"} { // two names of 3DES
		play(t, applied(t, "4.3.5", witness3DES), `
			> 0087`+algorithm+`9b047c028100
			< 7c0a81080011223344556677 9000
			> 0087`+algorithm+`9b0c7c0a820826604d88e55bd3e7
			< 9000
			`+allowsPutData)
	}
	play(t, applied(t, "5.7.4", witnessAES, witnessAES), `
		> 00870a9b047c028100
		< 7c12811000112233445566778899aabbccddeeff 9000
		> 00870a9b147c128210c53c74bb02939c2fd3d923078f3e757d
		< 9000
		`+allowsPutData+`
		> 00870a9b047c028100
		> 00870a9b147c128210c53c74bb02939c2fd3d923078f3e757e
		< 6982
		`+refusesPutData)
}

// Yubico's tools say in the second command, empty, where the answer is to be.
func TestPIVMutualWithPlaceholder(t *testing.T) {
	play(t, applied(t, "5.4.3", witness3DES), `
		> 0087039b047c028000
		> 0087039b187c168008001122334455667781088899aabbccddeeff8200
		< 7c0a820883e96cd48a9d7151 9000
		`+allowsPutData)
}

// The keys and blocks of FIPS 197 appendix C, which are also those of the AES-128 and AES-256 that a 5.4.3 takes.
func TestPIVManagementKeyAES(t *testing.T) {
	for _, tt := range []struct{ set, algorithm, encrypted string }{
		{"00ffffff13 089b10 000102030405060708090a0b0c0d0e0f", "08", "69c4e0d86a7b0430d8cdb78070b4c55a"},
		{"00ffffff1b 0a9b18 000102030405060708090a0b0c0d0e0f1011121314151617", "0a", "dda97ca4864cdfe06eaf70a0ec0d7191"},
		{"00ffffff23 0c9b20 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "0c", "8ea2b7ca516745bfeafc49904b496089"},
	} {
		k := managed(t, witnessAES, witnessAES)
		play(t, k, `
			> `+tt.set+`
			< 9000
			`+allowsPutData+`
			> 00f7009b00
			< 0101`+tt.algorithm+` 02020001 050100 9000
			> `+selectPIV+`
			> 0087039b047c028000
			< 6a80
			> 0087`+tt.algorithm+`9b047c028000
			< 7c128010`+tt.encrypted+` 9000
			> 0087`+tt.algorithm+`9b267c248010`+witnessAES+`8110`+witnessAES+`
			< 7c128210`+tt.encrypted+` 9000
			`+allowsPutData)
	}
}

func TestPIVSetManagementKeyRefused(t *testing.T) {
	const key = "039b18010203040506070801020304050607080102030405060708"
	play(t, applied(t, "5.4.3"), "> 00ffffff1b"+key+"\n< 6982")
	play(t, managed(t), `
		> 00ff00ff1b`+key+`
		< 6a86
		> 00fffffc1b`+key+`
		< 6a86
		> 00ffff001b`+key+`
		< 6a86
		> 00ffffff1a039b170102030405060708010203040506070801020304050607
		< 6a80
		> 00ffffff1b039c18010203040506070801020304050607080102030405060708
		< 6a80
		> 00ffffff1b049b18010203040506070801020304050607080102030405060708
		< 6a80
		> 00ffffff1c`+key+`00
		< 6a80
		> 00ffffff00
		< 6a80
		> 00f7009b00
		< 010103 02020001 050101 9000
	`)
	k := applied(t, "4.3.5", witness3DES)
	play(t, k, mutual3DES+`
		> 00ffffff1b0a9b18010203040506070801020304050607080102030405060708
		< 6a80
		> 00ffffff1b`+key+`
		< 9000
	`)
}

// A challenge is for the next command only, and asking for one gives up what was proved before.
func TestPIVChallengeIsForTheNextCommand(t *testing.T) {
	const complete = "> 0087039b167c148008001122334455667781088899aabbccddeeff\n"
	ask := "> 0087039b047c028000\n"
	for name, script := range map[string]string{
		"none":               complete + "< 6982",
		"wrong witness":      ask + "> 0087039b167c148008001122334455667881088899aabbccddeeff\n< 6982",
		"short witness":      ask + "> 0087039b157c138007001122334455 6681088899aabbccddeeff\n< 6982",
		"used":               ask + complete + "> " + selectPIV + "\n" + complete + "< 6982",
		"another command":    ask + "> 00fd000000\n" + complete + "< 6982",
		"as a response":      ask + "> 0087039b0c7c0a82080011223344556677\n< 6982",
		"of the other kind":  "> 0087039b047c028100\n" + complete + "< 6982",
		"replayed":           ask + complete + complete + "< 6982",
		"abandoned":          ask + complete + ask,
		"another key's slot": ask + complete + ask + "> 0087119d047c028000\n< 6a80",
	} {
		t.Run(name, func(t *testing.T) {
			play(t, applied(t, "5.4.3", witness3DES, witness3DES), script+"\n"+refusesPutData)
		})
	}
}

func TestPIVAuthenticateMalformed(t *testing.T) {
	for _, body := range []string{
		"00", "017c", "027c00", "047c0283 00", "047c0280ff", "057c02800000", "067c0480008000", "067c0481008200",
		"0c7c0a80080011223344556677", "047d028000", "067c0480008100", "0d7c0b8008001122334455667781 00",
		"137c118008001122334455667781058899aabbcc",
	} {
		k := applied(t, "5.4.3", witness3DES)
		if got := send(t, k, "0087039b"+body); got != "6a80" {
			t.Errorf("%s: %s", body, got)
		}
		play(t, k, refusesPutData)
	}
	play(t, applied(t, "5.4.3"), "> 00870a9b047c028000\n< 6a80\n> 0087039a047c028000\n< 6a80\n> 00870380047c028000\n< 6a86\n> 008703f9047c028000\n< 6a86")
}

// A management key with a touch policy is proved only with the finger.
func TestPIVManagementTouch(t *testing.T) {
	touches, finger := 0, true
	k := openKey(t, Options{
		Firmware: "5.4.3", Rand: fixed(t, salt, "00000000", witness3DES, witness3DES, witness3DES, witness3DES, witness3DES),
		Touch: func(context.Context) bool { touches++; return finger },
	})
	now := time.Unix(1700000000, 0)
	k.piv().now = func() time.Time { return now }
	const key = "1b039b18" + factory
	play(t, k, "> "+selectPIV+"\n"+mutual3DES+"> 00fffffe"+key+"\n< 9000\n> 00f7009b00\n< 010103 02020002 050101 9000\n"+mutual3DES+allowsPutData)
	if touches != 1 {
		t.Errorf("%d touches", touches)
	}
	finger = false
	play(t, k, "> 0087039b047c028000\n> 0087039b167c148008001122334455667781088899aabbccddeeff\n< 6982\n"+refusesPutData)
	finger = true
	play(t, k, mutual3DES+"> 00fffffd"+key+"\n< 9000\n"+mutual3DES+"> 00f7009b00\n< 010103 02020003 050101 9000")
	if touches != 3 { // the last one was cached
		t.Errorf("%d touches", touches)
	}
}
