package oath_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ykmfa/oath"
)

var (
	s20 = []byte("12345678901234567890")
	s32 = []byte("12345678901234567890123456789012")
	s64 = []byte("1234567890123456789012345678901234567890123456789012345678901234")
)

func count(n int, from byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

// PUT as ykman 4 sends it.
func TestPutBytes(t *testing.T) {
	for want, c := range map[string]oath.NewCredential{
		"0001000024710a41434d453a616c696365731621063132333435363738393031323334353637383930":                                                                                 {ID: []byte("ACME:alice"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6},
		"0001000019710573686f7274731021064200000000000000000000000000":                                                                                                       {ID: []byte("short"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: []byte{0x42}, Digits: 6},
		"0001000033710b36302f4269673a736c6f777322220831323334353637383930313233343536373839303132333435363738393031327802":                                                   {ID: []byte("60/Big:slow"), Type: oath.TOTP, Algorithm: oath.SHA256, Secret: s32, Digits: 8, Touch: true},
		"00010000247104686f74707316110631323334353637383930313233343536373839307a0400000005":                                                                                 {ID: []byte("hotp"), Type: oath.HOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6, Counter: 5},
		"000100004c71064c3a6c6f6e67734223061d9da57fbbdab09afb3506ab2d223d06109d65c1c8ad197f50138f714bc4c3f2fe5787922639c680acad1c651f955990425954ce2cba0c5cc83f2667d878eb0f": {ID: []byte("L:long"), Type: oath.TOTP, Algorithm: oath.SHA512, Secret: count(129, 0), Digits: 6},
		"000100001e71044c3a6c317316210669bd728ad6e13cd76ff19751fde427b00e395746":                                                                                             {ID: []byte("L:l1"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: count(65, 0), Digits: 6},
		"000100004b71054c3a6b3634734221 06" + hex.EncodeToString(count(64, 0)):                                                                                               {ID: []byte("L:k64"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: count(64, 0), Digits: 6},
		"00010000cf7140" + strings.Repeat("6e", 64) + "7381821308" + hex.EncodeToString(count(128, 0)) + "78027a0400000001":                                                  {ID: bytes.Repeat([]byte("n"), 64), Type: oath.HOTP, Algorithm: oath.SHA512, Secret: count(128, 0), Digits: 8, Touch: true, Counter: 1},
	} {
		secret := bytes.Clone(c.Secret)
		if err := session(t, open543, want, "9000").Put(c); err != nil {
			t.Errorf("%q: %v", c.ID, err)
		}
		if !bytes.Equal(secret, c.Secret) {
			t.Errorf("%q: the caller's secret was changed", c.ID)
		}
	}
}

func TestPutRefusedBeforeSending(t *testing.T) {
	good := oath.NewCredential{ID: []byte("a"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
	for name, change := range map[string]func(*oath.NewCredential){
		"type":      func(c *oath.NewCredential) { c.Type = 0 },
		"algorithm": func(c *oath.NewCredential) { c.Algorithm = 4 },
		"empty id":  func(c *oath.NewCredential) { c.ID = nil },
		"long id":   func(c *oath.NewCredential) { c.ID = make([]byte, 65) },
		"no secret": func(c *oath.NewCredential) { c.Secret = nil },
		"digits 5":  func(c *oath.NewCredential) { c.Digits = 5 },
		"digits 9":  func(c *oath.NewCredential) { c.Digits = 9 },
	} {
		c := good
		change(&c)
		if err := session(t, open543).Put(c); !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each feature from the version on that brought it: not the one before, nothing sent to that.
func TestFirmwareGates(t *testing.T) {
	sha1 := oath.NewCredential{ID: []byte("a"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
	touched, sha512 := sha1, sha1
	touched.Touch = true
	sha512.Algorithm = oath.SHA512
	hexS20 := hex.EncodeToString(s20)
	for _, tt := range []struct {
		feature       string
		before, since string // tag 79
		bytes         string
		do            func(*oath.Session) error
	}{
		{"touch", "040205", "040206", "000100001d7101617316" + "2106" + hexS20 + "7802", func(s *oath.Session) error { return s.Put(touched) }},
		{"touch", "010000", "040305", "000100001d7101617316" + "2106" + hexS20 + "7802", func(s *oath.Session) error { return s.Put(touched) }},
		{"SHA512", "040300", "040305", "000100001b7101617316" + "2306" + hexS20, func(s *oath.Session) error { return s.Put(sha512) }},
		{"SHA512", "010000", "050100", "000100001b7101617316" + "2306" + hexS20, func(s *oath.Session) error { return s.Put(sha512) }},
		{"renaming", "050204", "050300", "0005000006710161710162", func(s *oath.Session) error { return s.Rename([]byte("a"), []byte("b")) }},
	} {
		err := tt.do(session(t, "7903"+tt.before+"710401020304 9000"))
		var missing *oath.FeatureError
		if !errors.As(err, &missing) || !errors.Is(err, oath.ErrNotSupported) || missing.Feature != tt.feature || !missing.Has.Less(missing.Needs) {
			t.Errorf("%s on %s: %v", tt.feature, tt.before, err)
		}
		lines := []string{tt.bytes, "9000"}
		if tt.since == "040206" { // has the bug of TestPrefixBug too
			lines = append([]string{"00a1000000", "9000"}, lines...)
		}
		if err := tt.do(session(t, "7903"+tt.since+"710401020304 9000", lines...)); err != nil {
			t.Errorf("%s on %s: %v", tt.feature, tt.since, err)
		}
	}
	list := []string{"00a1000000", "9000", "000100001b7101617316" + "2306" + hexS20, "9000"}
	if err := session(t, "7903040301 710401020304 9000", list...).Put(sha512); err != nil {
		t.Errorf("SHA512 on 4.3.1: %v", err)
	}
}

// Firmware 4.0.1 to 4.3.4 overwrites a credential whose id begins with the new one.
func TestPrefixBug(t *testing.T) {
	c := oath.NewCredential{ID: []byte("ACME:al"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
	list := "720b2141434d453a616c6963659000"
	putShort := "00010000217107" + "41434d453a616c" + "73162106" + hex.EncodeToString(s20)
	for version, bug := range map[string]bool{"030400": false, "040000": false, "040001": true, "040304": true, "040305": false, "050403": false} {
		lines, want := []string{putShort, "9000"}, error(nil)
		if bug {
			lines, want = []string{"00a1000000", list}, oath.ErrExists
		}
		if err := session(t, "7903"+version+"710401020304 9000", lines...).Put(c); !errors.Is(err, want) {
			t.Errorf("%s: %v", version, err)
		}
	}
	put := "0001000024710a41434d453a616c696365731621063132333435363738393031323334353637383930"
	for what, there := range map[string]string{
		"the same id": list, "a shorter one": "720821 41434d453a616c 9000", "another": "720b21 41434d453a616c6963 66 9000", "none": "9000",
	} {
		c.ID = []byte("ACME:alice")
		if err := session(t, "7903040304 710401020304 9000", "00a1000000", there, put, "9000").Put(c); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := session(t, "7903040304 710401020304 7408 1122334455667788 9000", "00a1000000", "6982").Put(c); !errors.Is(err, oath.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

// CheckPut says without a command what Put would say.
func TestCheckPut(t *testing.T) {
	c := oath.NewCredential{ID: []byte("ACME:al"), Type: oath.TOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
	longer := []oath.Credential{{ID: []byte("ACME:alice"), Type: oath.TOTP, Algorithm: oath.SHA1}}
	if err := session(t, "7903040304 710401020304 9000").CheckPut(c, longer); !errors.Is(err, oath.ErrExists) {
		t.Errorf("4.3.4, a longer id: %v", err)
	}
	if err := session(t, "7903040304 710401020304 9000").CheckPut(c, nil); err != nil {
		t.Errorf("4.3.4: %v", err)
	}
	if err := session(t, open543).CheckPut(c, longer); err != nil {
		t.Errorf("5.4.3, a longer id: %v", err)
	}
	c.Touch = true
	if err := session(t, "7903010000 710401020304 9000").CheckPut(c, nil); !errors.Is(err, oath.ErrNotSupported) {
		t.Errorf("touch on a NEO: %v", err)
	}
}

func TestDeleteAndRenameBytes(t *testing.T) {
	if err := session(t, open543, "000200000a710841434d453a626f62", "9000").Delete([]byte("ACME:bob")); err != nil {
		t.Error(err)
	}
	rename := "0005000016710a41434d453a616c696365710841434d453a626f62"
	if err := session(t, open543, rename, "9000").Rename([]byte("ACME:alice"), []byte("ACME:bob")); err != nil {
		t.Error(err)
	}
	for _, to := range [][]byte{nil, make([]byte, 65)} {
		if err := session(t, open543).Rename([]byte("a"), to); !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("to %d bytes: %v", len(to), err)
		}
	}
	if err := session(t, open543).Delete(make([]byte, 254)); !errors.Is(err, oath.ErrInvalid) {
		t.Errorf("an id that fits no command: %v", err)
	}
}

func TestListRecorded(t *testing.T) {
	for _, damaged := range []string{"720b2141434d453a616c6963650c0c", "7200", "72012171", "710121", "720b21"} {
		if list, err := session(t, open543, "00a1000000", damaged+"9000").List(); !errors.Is(err, oath.ErrCorrupt) || list != nil {
			t.Errorf("%s: %v, %v", damaged, list, err)
		}
	}
	list, err := session(t, open543, "00a1000000",
		"720b2141434d453a616c696365720c2236302f4269673a736c6f77720511686f7470720921546f7563683a6d65720b21537465616d3a676162659000").List()
	if err != nil || len(list) != 5 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, want := range []oath.Credential{
		{[]byte("ACME:alice"), oath.TOTP, oath.SHA1}, {[]byte("60/Big:slow"), oath.TOTP, oath.SHA256}, {[]byte("hotp"), oath.HOTP, oath.SHA1},
		{[]byte("Touch:me"), oath.TOTP, oath.SHA1}, {[]byte("Steam:gabe"), oath.TOTP, oath.SHA1},
	} {
		if got := list[i]; !bytes.Equal(got.ID, want.ID) || got.Type != want.Type || got.Algorithm != want.Algorithm {
			t.Errorf("entry %d: %q %v %v", i, got.ID, got.Type, got.Algorithm)
		}
	}
	recorded := "721021726663363233382d746573742d3031721022726663363233382d746573742d3032721023726663363233382d746573742d30339000"
	list, err = session(t, "790305040371088d848ca27d71e9ba9000", "00a1000000", recorded).List()
	if err != nil || len(list) != 3 {
		t.Fatalf("5.4.3: %v, %v", list, err)
	}
	for i, want := range []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512} {
		if got := list[i]; string(got.ID) != fmt.Sprintf("rfc6238-test-%02d", i+1) || got.Type != oath.TOTP || got.Algorithm != want {
			t.Errorf("5.4.3, entry %d: %q %v %v", i, got.ID, got.Type, got.Algorithm)
		}
	}
	if list, err := session(t, open543, "00a1000000", "9000").List(); err != nil || list != nil {
		t.Errorf("empty: %v, %v", list, err)
	}
}

// What no card could take is refused before it is sent, whatever its size.
func TestHugeArguments(t *testing.T) {
	huge := make([]byte, 1<<17)
	s := session(t, open543)
	for what, err := range map[string]error{
		"DELETE":    s.Delete(huge),
		"RENAME":    s.Rename(huge, []byte("a")),
		"CALCULATE": func() error { _, err := s.Calculate([]byte("a"), huge); return err }(),
		"SET CODE":  s.SetKey(huge),
	} {
		if !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
