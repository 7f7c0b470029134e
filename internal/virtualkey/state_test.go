package virtualkey

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestStateSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "key.json")
	k := openKey(t, Options{Path: path, Firmware: "5.4.3", Serial: 7654321, Rand: fixed(t, salt)})
	play(t, k, `
		> `+selectOATH+`
		> `+putAPDU("h", 0x11, 6, s20, "")+`
		< 9000
		> `+putAPDU("t", 0x21, 6, s20, "7802")+`
		< 9000
		> `+calculateHOTP+`
		< 760506000b86189000
		> 00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73
		< 9000
	`)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	again := openKey(t, Options{Path: path, Rand: fixed(t, cardChallenge)})
	if again.Serial() != 7654321 || again.Firmware() != "5.4.3" {
		t.Errorf("serial %d, firmware %s", again.Serial(), again.Firmware())
	}
	play(t, again, `
		> `+selectOATH+`
		< 790305040371080123456789abcdef740811223344556677887b01019000
		> 00a10000
		< 6982
		> 00a30000207514c2ac0b2d09bcac0bc62556ad18b7d2624b2ef84374088877665544332211
		< 75146a8ee8104d136a88c09a65b4afb9dbb147197b739000
		> `+calculateHOTP+`
		< 7605060004616a9000
		> 00a400010a74080000000000000001
		< 710168770106 7101747c0106 9000
	`)
}

// The state file stands there after each command, private and alone.
func TestStateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.json")
	k := openKey(t, Options{Path: path})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	send(t, k, selectOATH)
	send(t, k, putAPDU("a", 0x21, 6, s20, ""))
	after, err := os.ReadFile(path)
	if err != nil || bytes.Equal(before, after) {
		t.Errorf("not stored after PUT: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) > 2 { // and the lock
		t.Errorf("%q, %v", names, err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// What could not be stored has not happened.
func TestStateNotStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	k := openKey(t, Options{Path: filepath.Join(dir, "key.json")})
	send(t, k, selectOATH)
	play(t, k, "> "+putAPDU("h", 0x11, 6, s20, "")+"\n< 9000")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	play(t, k, `
		> `+putAPDU("a", 0x21, 6, s20, "")+`
		< 6581
		> `+calculateHOTP+`
		< 6581
		> 00a10000
		< 720211689000
	`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	play(t, k, "> "+calculateHOTP+"\n< 760506000b86189000")
}

func TestStateFileRefused(t *testing.T) {
	good := `{"format":1,"firmware":"5.4.3","serial":7,"salt":"ASNFZ4mrze8=","credentials":`
	key := `"key":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="`
	for name, content := range map[string]string{
		"empty":             "",
		"text":              "hello SECRET",
		"cut":               good,
		"wrong type":        `{"format":"SECRET"}`,
		"unknown field":     good + `[],"SECRET":1}`,
		"trailing":          good + `[]} SECRET`,
		"format":            strings.Replace(good, ":1,", ":2,", 1) + `[]}`,
		"firmware":          strings.Replace(good, "5.4.3", "SECRET", 1) + `[]}`,
		"salt":              strings.Replace(good, "ASNFZ4mrze8=", "AS==", 1) + `[]}`,
		"digits":            good + `[{"id":"YQ==","algorithm":33,"digits":32,` + key + `}]}`,
		"algorithm":         good + `[{"id":"YQ==","algorithm":1,"digits":6,` + key + `}]}`,
		"access key":        good + `[],"access_key":{"algorithm":9,"key":"YQ=="}}`,
		"huge":              good + "[" + strings.Repeat(" ", maxStateFile) + "]}",
		"credential no key": good + `[{"id":"YQ==","algorithm":33,"digits":6,"key":""}]}`,
	} {
		path := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Open(Options{Path: path})
		if err == nil || k != nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, []byte(good+"[]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	openKey(t, Options{Path: path, Serial: 7, Firmware: "5.4.3"}) // what the table breaks is otherwise sound
}

func TestStateFileOfAnotherKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	k := openKey(t, Options{Path: path, Firmware: "NEO", Serial: 5})
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Firmware: "5.7.4"}, {Serial: 6}} {
		o.Path = path
		if k, err := Open(o); err == nil {
			t.Errorf("%+v opened a %s", o, k.Firmware())
		}
	}
}

func TestNewSerials(t *testing.T) {
	seen := map[uint32]bool{}
	for range 20 {
		n := openKey(t, Options{}).Serial()
		if n < 10_000_000 || n > 99_999_999 || seen[n] {
			t.Errorf("serial %d", n)
		}
		seen[n] = true
	}
}
