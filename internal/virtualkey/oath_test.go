package virtualkey

import (
	"strings"
	"testing"
)

func TestSelection(t *testing.T) {
	play(t, newKey(t, "5.4.3", salt), `
		> 00a10000
		< 6d00
		> 00a4040008a0000006472f0001
		< 6a82
		> 00a4040006d27600012401
		< 6a82
		> 00a4040008a000000527210701
		< 6a82
		> 00a4040000
		< 6a82
		> 00a4040007a000000527
		< 6700
		> 00a40400
		< 6a82
		> 00a4
		< 6700
		> 80a10000
		< 6e00
		> 00a4040008a00000052721010100
		< 790305040371080123456789abcdef9000
		> 00550000
		< 6d00
		> 00a4040008a000000527471117
		> 00a10000
		< 6d00
	`)
}

// The PUTs that a client may send, worked out on the protocol page.
func TestPutAccepts(t *testing.T) {
	key128 := ""
	for i := range 128 {
		key128 += string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
	}
	play(t, newKey(t, "5.4.3", salt), `
		> `+selectOATH+`
		> 0001000019710573686f7274731021064200000000000000000000000000
		< 9000
		> 000100004c71064c3a6c6f6e67734223061d9da57fbbdab09afb3506ab2d223d06109d65c1c8ad197f50138f714bc4c3f2fe5787922639c680acad1c651f955990425954ce2cba0c5cc83f2667d878eb0f
		< 9000
		> 000100001e71044c3a6c317316210669bd728ad6e13cd76ff19751fde427b00e395746
		< 9000
		> 000100004b71054c3a6b363473422106000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
		< 9000
		> 00010000cf7140`+strings.Repeat("6e", 64)+`7381821308`+key128+`78027a0400000001
		< 9000
		> 00a10000
		< 72062173686f7274 7207234c3a6c6f6e67 7205214c3a6c31 7206214c3a6b3634 724113`+strings.Repeat("6e", 64)+`9000
	`)
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ why, apdu, want string }{
		{"id of 65 bytes", putAPDU(strings.Repeat("n", 65), 0x21, 6, s20, ""), "6a80"},
		{"empty id", putAPDU("", 0x21, 6, s20, ""), "6a80"},
		{"type 3", putAPDU("x", 0x31, 6, s20, ""), "6a80"},
		{"hash 4", putAPDU("x", 0x24, 6, s20, ""), "6a80"},
		{"9 digits", putAPDU("x", 0x21, 9, s20, ""), "6a80"},
		{"key longer than the block", putAPDU("x", 0x21, 6, s64+"00", ""), "6a80"},
		{"key of 13 bytes", putAPDU("x", 0x21, 6, s20[:26], ""), "6a80"},
		{"property with a length", putAPDU("x", 0x21, 6, s20, "780102"), "6a80"},
		{"property cut", putAPDU("x", 0x21, 6, s20, "78"), "6a80"},
		{"counter of 3 bytes", putAPDU("x", 0x11, 6, s20, "7a03000001"), "6a80"},
		{"garbage after the counter", putAPDU("x", 0x11, 6, s20, "7a040000000100"), "6a80"},
		{"P2 of PUT", "00010001" + putAPDU("x", 0x21, 6, s20, "")[8:], "6b00"},
		{"DELETE without a name", "0002000000", "6a80"},
		{"DELETE of an unknown id", "0002000003710178", "6984"},
		{"CALCULATE of an unknown id", "00a200010d71017874080000000000000001", "6984"},
		{"CALCULATE without a challenge", "00a2000103710161", "6a80"},
		{"CALCULATE with an empty challenge", "00a20001057101617400", "6a80"},
		{"P2 of CALCULATE", "00a200020d71016174080000000000000001", "6b00"},
		{"CALCULATE ALL without a challenge", "00a4000100", "6a80"},
		{"RENAME of an unknown id", "0005000006710178710179", "6984"},
		{"RENAME onto another", "0005000006710161710162", "6984"},
		{"RENAME onto itself", "0005000006710161710161", "6984"},
		{"RENAME to 65 bytes", "00050000467101617141" + strings.Repeat("6e", 65), "6a80"},
		{"VALIDATE without an access key", "00a3000020" + "7514" + s20 + "7408" + cardChallenge, "6984"},
		{"SET CODE with a wrong proof", "0003000033" + "731121" + s20[:32] + "7408" + cardChallenge + "7514" + s20, "6984"},
		{"SET CODE with hash 4", "0003000033" + "731124" + s20[:32] + "7408" + cardChallenge + "7514" + s20, "6a80"},
		{"RESET without dead", "0004000000", "6b00"},
		{"CLA 0c", "0ca1000000", "6e00"},
	} {
		k := newKey(t, "5.4.3", salt)
		send(t, k, selectOATH)
		play(t, k, "> "+putAPDU("a", 0x21, 6, s20, "")+"\n< 9000\n> "+putAPDU("b", 0x11, 6, s20, "")+"\n< 9000")
		if got := send(t, k, tt.apdu); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got, tt.want)
		}
		play(t, k, "> 00a10000\n< 72022161 72021162 9000")
	}
}

func TestReset(t *testing.T) {
	k := newKey(t, "5.4.3", salt, cardChallenge, "aabbccddeeff0011")
	play(t, k, `
		> `+selectOATH+`
		> 0001000024710a41434d453a616c696365731621063132333435363738393031323334353637383930
		< 9000
		> 00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73
		< 9000
		> `+selectOATH+`
		< 790305040371080123456789abcdef740811223344556677887b01019000
		> 0004dead
		< 9000
		> 00a10000
		< 9000
		> `+selectOATH+`
		< 79030504037108aabbccddeeff00119000
	`)
}

// Property 01: the challenge may not fall below the last one (an equal one is as good as a NEO's).
func TestOnlyIncreasing(t *testing.T) {
	play(t, newKey(t, "5.4.3", salt), `
		> `+selectOATH+`
		> `+putAPDU("a", 0x21, 8, s20, "7801")+`
		< 9000
		> 00a200010d71016174080000000000000001
		< 760508059eb4ea9000
		> 00a200010d710161740800000000023523ec
		< 760508006c0f4c9000
		> 00a200010d710161740800000000023523ec
		< 760508006c0f4c9000
		> 00a200010d71016174080000000000000001
		< 6982
		> 00a400010a74080000000000000001
		< 6982
	`)
}

// A command may come in parts, CLA 10 in all but the last.
func TestCommandChaining(t *testing.T) {
	k := newKey(t, "5.4.3", salt)
	send(t, k, selectOATH)
	play(t, k, `
		> 1001000003 710178
		< 9000
		> 0001000018 73162106`+s20+`
		< 9000
		> 00a10000
		< 720221789000
	`)
	part := "10010000ff" + strings.Repeat("00", 255)
	for range maxChain / 255 {
		play(t, k, "> "+part+"\n< 9000")
	}
	play(t, k, "> "+part+"\n< 6700")
}
