package virtualkey

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// putAPDU is a PUT of a credential with the id, a short command APDU as hex.
func putAPDU(id string, algorithm, digits byte, key, extra string) string {
	value := fmt.Sprintf("%02x%02x%s", algorithm, digits, key)
	body := fmt.Sprintf("71%02x%x73%s%s%s", len(id), id, lengthOf(len(value)/2), value, extra)
	return fmt.Sprintf("00010000%02x%s", len(body)/2, body)
}

func lengthOf(n int) string {
	if n < 0x80 {
		return fmt.Sprintf("%02x", n)
	}
	return fmt.Sprintf("81%02x", n)
}

// Answers of a NEO, applet 1.0.0, to what its clients send.
func TestNEO(t *testing.T) {
	k := newKey(t, "NEO", "3e785a84679df319", "7f1516959d95fb46")
	code := hex.EncodeToString([]byte("0123456789abcdef"))
	tail := code + "74088877665544332211" + "7514" + hmacSHA1(t, code, "8877665544332211")
	play(t, k, `
		> a4040008
		< 6e00
		> 00a4040007a0000005272101
		< 7903010000 71083e785a84679df319 9000
		> `+putAPDU("ACME:alice", 0x21, 6, s20, "7802")+`
		< 9000
		> 00a2000116710a41434d453a616c69636574080000000000000001
		< 76050641397eea9000
		> 00a400010a74080000000000000001
		< 710a41434d453a616c696365 76050641397eea 9000
		> `+putAPDU("short", 0x21, 9, "42", "")+`
		< 9000
		> `+putAPDU("L:512", 0x23, 6, s64, "")+`
		< 6a80
		> `+putAPDU(strings.Repeat("n", 65), 0x21, 6, s20, "")+`
		< 6f00
		> 0005000016710a41434d453a616c696365710841434d453a626f62
		< 6d00
		> 00a10001
		< 6b00
		> 00a10000000000
		< 6700
		> 000200000c710a41434d453a616c696365
		< 9000
		> `+putAPDU("new", 0x21, 6, s20, "")+`
		< 9000
		> 00a1000000
		< 7204216e6577 72062173686f7274 9000
		> 0003000033731101`+tail+`
		< 6984
		> 0003000033731121`+tail+`
		< 9000
		> 00a1000000
		< 6982
		> 00a4040007a0000005272101
		< 7903010000 71083e785a84679df319 74087f1516959d95fb46 7b0121 9000
		> 00a3000020 7514`+hmacSHA1(t, code, "7f1516959d95fb46")+`740788776655443322
		< 6700
		> 00a300001f 7514`+hmacSHA1(t, code, "7f1516959d95fb46")+`740788776655443322
		< 6a80
		> 00a3000020 7514`+hmacSHA1(t, code, "7f1516959d95fb46")+`74088877665544332211
		< 7514`+hmacSHA1(t, code, "8877665544332211")+`9000
	`)
}

// Without a SELECT since the access key was set, no challenge was given out that could be answered.
func TestValidateWithoutChallenge(t *testing.T) {
	code := hex.EncodeToString([]byte("0123456789abcdef"))
	play(t, newKey(t, "NEO", salt), `
		> `+selectOATH+`
		> 0003000033 731121`+code+`74088877665544332211 7514`+hmacSHA1(t, code, "8877665544332211")+`
		< 9000
		> 00a3000020 7514`+hmacSHA1(t, code, "")+`74088877665544332211
		< 6a80
	`)
}

func hmacSHA1(t *testing.T, key, message string) string {
	t.Helper()
	mac := hmac.New(sha1.New, unhex(t, key))
	mac.Write(unhex(t, message))
	return hex.EncodeToString(mac.Sum(nil))
}

// A NEO counts in 16 bits from the initial moving factor, later keys do not wrap.
func TestCounterWidth(t *testing.T) {
	for firmware, want := range map[string]string{"NEO": "7605064c93cf189000", "5.4.3": ""} {
		k := newKey(t, firmware, salt)
		send(t, k, selectOATH)
		send(t, k, putAPDU("h", 0x11, 6, s20, ""))
		k.store.state.Credentials[0].Used = 0xffff
		send(t, k, calculateHOTP)
		if got := send(t, k, calculateHOTP); (got == want) != (firmware == "NEO") {
			t.Errorf("%s: %s after the 65536th calculation", firmware, got)
		}
	}
}

// First blocks as recorded: 254 bytes and 61ff from a 4.3.3, 252 and 61fc from a NEO.
func TestBlocks(t *testing.T) {
	for firmware, want := range map[string]struct {
		size int
		more string
	}{
		"NEO": {252, "61fc"}, "4.3.5": {254, "61ff"}, "5.7.4": {256, "61ff"},
	} {
		k := newKey(t, firmware, salt)
		send(t, k, selectOATH)
		for i := range 20 {
			send(t, k, putAPDU(fmt.Sprintf("%040d", i), 0x21, 6, s20, ""))
		}
		first := send(t, k, "00a1000000")
		if len(first)/2-2 != want.size || !strings.HasSuffix(first, want.more) {
			t.Errorf("%s: %d bytes, %s", firmware, len(first)/2-2, first[len(first)-4:])
		}
		all := first[:len(first)-4]
		for strings.HasPrefix(first[len(first)-4:], "61") {
			first = send(t, k, "00a5000000")
			all += first[:len(first)-4]
		}
		if len(all)/2 != 20*43 || !strings.HasSuffix(all, hex.EncodeToString([]byte("19"))) {
			t.Errorf("%s: %d bytes in all", firmware, len(all)/2)
		}
	}
}

// The sum over all credentials of id and 9 bytes is at most 2048; overwriting counts as well.
func TestCapacityNEO(t *testing.T) {
	k := newKey(t, "NEO", salt)
	send(t, k, selectOATH)
	name := func(i int) string { return fmt.Sprintf("%055d", i) } // 32 × 64 = 2048
	for i := range 32 {
		if sw := send(t, k, putAPDU(name(i), 0x21, 6, s20, "")); sw != "9000" {
			t.Fatalf("credential %d: %s", i+1, sw)
		}
	}
	for _, id := range []string{"x", name(7)} {
		if sw := send(t, k, putAPDU(id, 0x21, 6, s20, "")); sw != "6a84" {
			t.Errorf("%q on a full NEO: %s", id, sw)
		}
	}
}

func TestCapacity(t *testing.T) {
	for firmware, capacity := range map[string]int{"4.3.5": 32, "5.2.4": 32, "5.4.3": 32, "5.7.4": 64} {
		k := newKey(t, firmware, salt)
		send(t, k, selectOATH)
		for i := range capacity {
			if sw := send(t, k, putAPDU(fmt.Sprint(i), 0x21, 6, s20, "")); sw != "9000" {
				t.Fatalf("%s: credential %d: %s", firmware, i+1, sw)
			}
		}
		if sw := send(t, k, putAPDU("one too many", 0x21, 6, s20, "")); sw != "6a84" {
			t.Errorf("%s: one too many: %s", firmware, sw)
		}
		if sw := send(t, k, putAPDU("0", 0x22, 8, s20, "")); sw != "9000" {
			t.Errorf("%s: overwriting when full: %s", firmware, sw)
		}
		if list := send(t, k, "00a10000"); !strings.HasPrefix(list, "72022230"+"72022131") {
			t.Errorf("%s: the overwritten credential moved: %s", firmware, list)
		}
	}
}

func TestWhatFirmwareDecides(t *testing.T) {
	rename := "0005000006710161710162"
	short := putAPDU("s", 0x21, 6, "42", "")
	for _, tt := range []struct{ firmware, apdu, want string }{
		{"4.3.5", rename, "6d00"}, {"5.2.4", rename, "6d00"}, {"5.4.3", rename, "9000"}, {"5.7.4", rename, "9000"},
		{"4.3.5", short, "9000"}, {"5.2.4", short, "6a80"}, {"5.7.4", short, "6a80"},
		{"4.3.5", putAPDU("l", 0x23, 6, s64, ""), "9000"},
		{"5.7.4", "00a40400000007a0000005272101", "79030507047108" + salt + "9000"},
		{"5.4.3", "00a40400000007a0000005272101", "79030504037108" + salt + "9000"},
		{"4.3.5", "00a40400000007a0000005272101", "79030403057108" + salt + "9000"},
	} {
		k := newKey(t, tt.firmware, salt)
		send(t, k, selectOATH)
		play(t, k, "> "+putAPDU("a", 0x21, 6, s20, "")+"\n< 9000")
		if got := send(t, k, tt.apdu); got != tt.want {
			t.Errorf("%s: %s: %s, want %s", tt.firmware, tt.apdu, got, tt.want)
		}
	}
}

func TestFIPS(t *testing.T) {
	k := newKey(t, "5.7.4-FIPS", salt)
	play(t, k, `
		> `+selectOATH+`
		> 0001000024710a41434d453a616c696365731621063132333435363738393031323334353637383930
		< 6985
		> 00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73
		< 9000
		> 0001000024710a41434d453a616c696365731621063132333435363738393031323334353637383930
		< 9000
		> 00030000027300
		< 6985
	`)
}

func TestManagement(t *testing.T) {
	for _, tt := range []struct{ firmware, script string }{
		{"5.4.3", `
			> 00a4040008a000000527471117
			< 5669727475616c206d6772202d2046572076657273696f6e20352e342e33 9000
			> 001d000000
			< 2e 0102033f 0302033f 020400bc614e 040101 0503050403 06020000 07010f 080100 0d02033f 0e02033f 0a0100 0f0100 9000
			> 001d0000
			< 2e 0102033f 0302033f 020400bc614e 040101 0503050403 06020000 07010f 080100 0d02033f 0e02033f 0a0100 0f0100 9000
			> 001d010000
			< 00 9000`},
		{"4.3.5", `
			> 00a4040008a000000527471117
			> 001d000000
			< 0c 0101ff 020400bc614e 03013f 9000`},
		{"NEO", `
			> 00a4040008a000000527471117
			< 5669727475616c206d6772202d2046572076657273696f6e20332e342e30 9000
			> 001d000000
			< 6d00`},
		{"5.7.4-FIPS", `
			> 00a4040008a000000527471117
			> 001d000000
			< 36 0102033f 0302033f 020400bc614e 040181 0503050704 06020000 07010f 080100 0d02033f 0e02033f 0a0100 0f0100 14020008 15020000 9000
			> ` + selectOATH + `
			> 00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73
			< 9000
			> 00a4040008a000000527471117
			> 001d000000
			< 36 0102033f 0302033f 020400bc614e 040181 0503050704 06020000 07010f 080100 0d02033f 0e02033f 0a0100 0f0100 14020008 15020008 9000`},
	} {
		t.Run(tt.firmware, func(t *testing.T) { play(t, newKey(t, tt.firmware, salt), tt.script) })
	}
}

// The answers of real keys, but for the version.
func TestOTP(t *testing.T) {
	for _, tt := range []struct{ firmware, selected, status, unknown string }{
		{"5.4.3", "050403010500", "050403010500", "6b00"},
		{"4.3.5", "040305010500060f0000", "040305010500", "6b00"},
		{"NEO", "03040001850706000000", "030400018507", "6a86"},
	} {
		t.Run(tt.firmware, func(t *testing.T) {
			k := newKey(t, tt.firmware, salt)
			play(t, k, `
				> 00a4040008a000000527200101
				< `+tt.selected+` 9000
				> 0001100000
				< 00bc614e 9000
				> 0003000000
				< `+tt.status+` 9000
				> 0001140000
				< `+tt.unknown)
		})
	}
}

func TestIdentity(t *testing.T) {
	for firmware, want := range map[string]struct{ atr, reader string }{
		"NEO":   {"3bfc1300008131fe15597562696b65794e454f7233e1", "Yubico Yubikey NEO OTP+U2F+CCID"},
		"4.3.5": {"3bf81300008131fe15597562696b657934d4", "Yubico YubiKey OTP+FIDO+CCID"},
		"5.7.4": {"3bfd1300008131fe158073c021c057597562694b657940", "Yubico YubiKey OTP+FIDO+CCID"},
	} {
		k := newKey(t, firmware, salt)
		if got := hex.EncodeToString(k.ATR()); got != want.atr {
			t.Errorf("%s: ATR %s", firmware, got)
		}
		if k.ReaderName() != want.reader || k.Firmware() != firmware || k.Serial() != 12345678 {
			t.Errorf("%s: %q, %q, %d", firmware, k.ReaderName(), k.Firmware(), k.Serial())
		}
	}
	if _, err := Open(Options{Firmware: "5.9"}); err == nil || !strings.Contains(err.Error(), `"5.9"`) {
		t.Errorf("unknown firmware: %v", err)
	}
}
