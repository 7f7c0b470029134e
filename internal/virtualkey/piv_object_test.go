package virtualkey

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPIVObjects(t *testing.T) {
	play(t, managed(t), `
		> 00cb3fff055c035fc10b
		< 6a82
		> 00db3fff0a5c035fc10b5303700155
		< 9000
		> 00cb3fff055c035fc10b
		< 5303700155 9000
		> 00cb3fff055c035fc10a
		< 6a82
		> 00db3fff085c035fc10b530166
		< 9000
		> 00cb3fff055c035fc10b
		< 530166 9000
		> 00db3fff075c035fc10b5300
		< 9000
		> 00cb3fff055c035fc10b
		< 6a82
		> 00db3fff075c035fc10b5300
		< 9000
		> 00cb3fff035c017e
		< 7e124f0ba0000003080000100001005f2f024000 9000
		> 00cb3ffe055c035fc10b
		< 6a86
		> 00cb3eff055c035fc10b
		< 6a86
		> 00db3ffe085c035fc10b530166
		< 6a86
		> 00cb3fff065c035fc10b00
		< 6a80
		> 00cb3fff00
		< 6a80
		> 00db3fff085c035ec10b530166
		< 6a80
		> 00db3fff065c017e530166
		< 6a80
		> 00db3fff095c035fc10b53016600
		< 6a80
		> 00db3fff085c035fc10b540166
		< 6a80
		> 00cb3fff045c025fc1
		< 6a82
	`)
}

// Fingerprints, face, printed information and iris are read after the PIN, everything else before.
func TestPIVProtectedObjects(t *testing.T) {
	for n := 0x01; n <= 0x21; n++ {
		id := fmt.Sprintf("5fc1%02x", n)
		want := "5301669000"
		if n == 0x03 || n == 0x08 || n == 0x09 || n == 0x21 {
			want = "6982"
		}
		play(t, managed(t), `
			> 00db3fff085c03`+id+`530166
			< 9000
			> 00cb3fff055c03`+id+`
			< `+want+`
			> `+verifyPIN+`
			> 00cb3fff055c03`+id+`
			< 530166 9000
		`)
	}
	play(t, applied(t, "5.4.3"), "> 00cb3fff055c035fc109\n< 6982\n> "+verifyPIN+"\n> 00cb3fff055c035fc109\n< 6a82")
}

// A certificate comes in three parts, chained, and goes out in as many blocks.
func TestPIVLongObject(t *testing.T) {
	k := managed(t)
	object := strings.Repeat("0123456789", 60)
	body := "5c035fc1055382" + fmt.Sprintf("%04x", len(object)/2) + object
	for len(body) > 2*255 {
		play(t, k, "> 10db3fffff"+body[:2*255]+"\n< 9000")
		body = body[2*255:]
	}
	play(t, k, fmt.Sprintf("> 00db3fff%02x%s\n< 9000", len(body)/2, body))
	whole := "5382" + fmt.Sprintf("%04x", len(object)/2) + object
	play(t, k, `
		> 00cb3fff055c035fc105
		< `+whole[:512]+fmt.Sprintf("61%02x", (len(whole)-512)/2)+`
		> 00c0000000
		< `+whole[512:]+` 9000
		> 00cb3fff055c035fc105
		> 00fd000000
		> 00c0000000
		< 6a80
	`)
}

// Objects share 50 KiB, each with 16 bytes more than it has; what replaces one counts without it.
func TestPIVObjectSpace(t *testing.T) {
	k := managed(t)
	put := func(n, size int) string {
		return send(t, k, fmt.Sprintf("00db3fff%06x5c035fc1%02x5382%04x%s", size+9, n, size, strings.Repeat("00", size)))
	}
	for n := range 16 {
		if got := put(n, 3000); got != "9000" {
			t.Fatalf("object %d: %s", n, got)
		}
	}
	const left = 50*1024 - 16*(3000+16) - 16
	for _, tt := range []struct {
		n, size int
		want    string
	}{
		{16, left + 1, "6a84"}, {16, left, "9000"}, {17, 1, "6a84"}, {17, 0, "9000"}, {3, 3001, "6a84"}, {3, 3000, "9000"},
		{3, 2983, "9000"}, {17, 1, "9000"}, {3, 2984, "6a84"}, {3, 0, "9000"}, {18, 2983, "9000"}, {19, 1, "6a84"},
	} {
		if got := put(tt.n, tt.size); got != tt.want {
			t.Errorf("object %d of %d bytes: %s, want %s", tt.n, tt.size, got, tt.want)
		}
	}
}

// TestPIVStateSurvives: everything but what was proved is there after the key was closed.
func TestPIVStateSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	k := openKey(t, Options{Path: path, Firmware: "5.4.3", Rand: fixed(t, salt, "00000000", witness3DES, cardScalar)})
	play(t, k, "> "+selectPIV+"\n"+mutual3DES+`
		> 0047009d0bac09800111aa0102ab0103
		< 7f49438641`+cardPoint+` 9000
		> 00db3fff085c035fc10b530166
		> 00ffffff13089b10000102030405060708090a0b0c0d0e0f
		> 00240080 10 313233343536ffff 363534333231ffff
		> 00240081 10 3132333435363738 3837363534333231
		> 0020008008303030303030ffff
		< 63c2
	`)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	again := openKey(t, Options{Path: path})
	play(t, again, `
		> `+selectPIV+`
		> 0020008000
		< 63c2
		> 00f7009b00
		< 010108 02020001 050100 9000
		> 00f7009d00
		< 010111 02020203 030101 0443 8641`+cardPoint+` 9000
		> 00cb3fff055c035fc10b
		< 530166 9000
		> 00f7008100
		< 0101ff 050100 06020303 9000
		> 0020008008363534333231ffff
		< 9000
		> `+agreeIn9d+`
		< `+agreed)
}

// A state file from before there was PIV opens, and has none until something changes.
func TestPIVOldStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	old := `{"format":1,"firmware":"5.7.4","serial":7,"salt":"ASNFZ4mrze8=","credentials":[]}`
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	k := openKey(t, Options{Path: path})
	play(t, k, "> "+selectPIV+"\n> 00f7009b00\n< 01010a 02020001 050101 9000\n> "+verifyPIN+"\n< 9000")
	if now, err := os.ReadFile(path); err != nil || string(now) != old {
		t.Errorf("the file was changed: %v", err)
	}
	play(t, k, "> 0020008008303030303030ffff\n< 63c2")
	if now, err := os.ReadFile(path); err != nil || !strings.Contains(string(now), `"piv"`) {
		t.Errorf("a try was not counted: %v", err)
	}
}

// What could not be stored has not happened: a PIN that could be tried without being counted could be found.
func TestPIVNotStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	k := openKey(t, Options{Path: filepath.Join(dir, "key.json"), Firmware: "5.4.3", Rand: fixed(t, salt, "00000000", witness3DES, cardScalar, peerPoint[2:66])})
	play(t, k, "> "+selectPIV+"\n"+mutual3DES+"> 0047009d05ac03800111\n> 00db3fff085c035fc10a530155\n< 9000")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	play(t, k, `
		> 0020008008303030303030ffff
		< 6581
		> 0020008000
		< 63c3
		> 00db3fff085c035fc10b530166
		< 6581
		> 00cb3fff055c035fc10b
		< 6a82
		> 0047009c05ac03800111
		< 6581
		> 00f7009c00
		< 6a88
		> 00ffffff13089b10000102030405060708090a0b0c0d0e0f
		< 6581
		> 00f7009b00
		< 010103 02020001 050101 9000
	`)
}

func TestPIVStateRefused(t *testing.T) {
	secret := func(size, tries, max int) string {
		return fmt.Sprintf(`{"value":"%s","tries":%d,"max":%d}`, strings.Repeat("AAAA", size/3)+map[int]string{2: "AAA=", 1: "AA=="}[size%3], tries, max)
	}
	management := `"management":{"algorithm":3,"key":"` + strings.Repeat("AAAA", 8) + `","touch":1}`
	good := `"pin":` + secret(8, 3, 3) + `,"puk":` + secret(8, 0, 3) + `,` + management
	key := func(algorithm, pin, touch, origin int, scalar string) string {
		return fmt.Sprintf(`{"algorithm":%d,"pin":%d,"touch":%d,"origin":%d,"scalar":"%s"}`, algorithm, pin, touch, origin, scalar)
	}
	one := strings.Repeat("AAAA", 10) + "AAE="
	for name, tt := range map[string]struct {
		piv string
		ok  bool
	}{
		"good":           {good, true},
		"key":            {good + `,"keys":{"9d":` + key(0x11, 1, 1, 1, one) + `}`, true},
		"object":         {good + `,"objects":{"5fc10b":"AAAA"}`, true},
		"short PIN":      {`"pin":` + secret(7, 3, 3) + `,"puk":` + secret(8, 3, 3) + `,` + management, false},
		"tries":          {`"pin":` + secret(8, 3, 3) + `,"puk":` + secret(8, 4, 3) + `,` + management, false},
		"no tries":       {`"pin":` + secret(8, 0, 0) + `,"puk":` + secret(8, 3, 3) + `,` + management, false},
		"empty":          {``, false},
		"management key": {strings.Replace(good, `"algorithm":3`, `"algorithm":8`, 1), false},
		"touch":          {strings.Replace(good, `"touch":1`, `"touch":0`, 1), false},
		"slot":           {good + `,"keys":{"9b":` + key(0x11, 1, 1, 1, one) + `}`, false},
		"slot name":      {good + `,"keys":{"9D":` + key(0x11, 1, 1, 1, one) + `}`, false},
		"no slot":        {good + `,"keys":{"":` + key(0x11, 1, 1, 1, one) + `}`, false},
		"algorithm":      {good + `,"keys":{"9d":` + key(0x07, 1, 1, 1, one) + `}`, false},
		"PIN policy":     {good + `,"keys":{"9d":` + key(0x11, 4, 1, 1, one) + `}`, false},
		"touch policy":   {good + `,"keys":{"9d":` + key(0x11, 1, 0, 1, one) + `}`, false},
		"origin":         {good + `,"keys":{"9d":` + key(0x11, 1, 1, 3, one) + `}`, false},
		"scalar":         {good + `,"keys":{"9d":` + key(0x11, 1, 1, 1, "AAAA") + `}`, false},
		"tag":            {good + `,"objects":{"7e":"AAAA"}`, false},
		"tag name":       {good + `,"objects":{"5FC10B":"AAAA"}`, false},
	} {
		text := `{"format":1,"firmware":"5.4.3","serial":7,"salt":"ASNFZ4mrze8=","credentials":[],"piv":{` + tt.piv + `}}`
		if _, err := parseState([]byte(text)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPIV sends any sequence of bytes to the applet of each firmware, before and after the management key and the PIN were
// proved: each answer is well-formed, nothing panics, and what the key then remembers is a state that it would open again.
func FuzzPIV(f *testing.F) {
	const (
		put   = "00db3fff0a5c035fc10b5303700155"
		get   = "00cb3fff055c035fc10b"
		meta  = "00f7009d00"
		wrong = "0020008008303030303030ffff"
		puk   = "002c008010ffffffffffffffff363534333231ffff"
	)
	for i := range byte(len(pivKeys)) {
		for _, proved := range []bool{false, true} {
			f.Add(i, proved, frames(f, "00fd000000", "00f8000000", "0047009d0bac09800111aa0102ab0101", meta, agreeIn9d, put, get, "00cb3fff035c017e"))
			f.Add(i, proved, frames(f, "0087039b047c028000", "0087039b167c148008001122334455667781088899aabbccddeeff", "00ffffff13089b10000102030405060708090a0b0c0d0e0f"))
			f.Add(i, proved, frames(f, "00fe119d280620"+cardScalar+"aa0101ab0101", "0087119d267c24820081 20"+cardScalar, "00fa050400", "00f7008000", "00f7009b00"))
			f.Add(i, proved, frames(f, wrong, wrong, wrong, puk, puk, puk, "00fb000000", verifyPIN, "0024008010313233343536ffff363534333231ffff"))
			f.Add(i, proved, frames(f, "10db3fff055c035fc105", "00db3fff025300", "00c0000000", "00f99d0000"))
		}
	}
	f.Fuzz(func(t *testing.T, profile byte, proved bool, data []byte) {
		p := pivKeys[int(profile)%len(pivKeys)]
		k := applied(t, p.firmware, p.witness, cardScalar, cardScalar)
		if proved {
			play(t, k, p.mutual+"> "+verifyPIN)
		}
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			checkAnswer(t, k, data[1:1+n])
			data = data[1+n:]
		}
		checkState(t, k)
	})
}

// checkState demands that the key would open with its state.
func checkState(t *testing.T, k *Key) {
	t.Helper()
	b, err := json.Marshal(k.store.state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseState(b); err != nil {
		t.Fatalf("the state would not open again: %v", err)
	}
	if len(b) > maxStateFile {
		t.Fatalf("%d bytes of state", len(b))
	}
}
