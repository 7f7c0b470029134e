package oathtest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"ykmfa/oath"
)

func (t *suite) codes() {
	for _, c := range []struct {
		id        string
		algorithm oath.Algorithm
		secret    []byte
		digits    int
		want      string
	}{
		{"sha1-6", oath.SHA1, s20, 6, "287082"}, {"sha1-7", oath.SHA1, s20, 7, "4287082"}, {"sha1-8", oath.SHA1, s20, 8, "94287082"},
		{"sha256-8", oath.SHA256, s32, 8, "46119246"}, {"sha512-8", oath.SHA512, s64, 8, "90693936"},
	} {
		if c.algorithm == oath.SHA512 && t.lacks("SHA512", oath.Version{4, 3, 1}) {
			continue
		}
		t.put(oath.NewCredential{ID: []byte(c.id), Type: oath.TOTP, Algorithm: c.algorithm, Secret: c.secret, Digits: c.digits})
		t.wantCode(c.id, oath.TOTP, t59, c.want)
		if there := t.list()[c.id]; there.Type != oath.TOTP || there.Algorithm != c.algorithm {
			t.Errorf("%s is listed as %v with %v", c.id, there.Type, there.Algorithm)
		}
		full, err := t.s.CalculateFull([]byte(c.id), oath.CounterChallenge(1))
		if err != nil || full.Code().String() != c.want || full.Digits != c.digits {
			t.Errorf("%s: full answer %v, %v", c.id, full, err)
		}
	}
	all, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
	t.must(err, "CALCULATE ALL")
	for _, a := range all {
		if a.Code == nil || !strings.HasSuffix("94287082 46119246 90693936", a.Code.String()) && !strings.Contains("94287082 46119246 90693936", a.Code.String()) {
			t.Errorf("CALCULATE ALL: %q %v", a.ID, a.Code)
		}
	}
	t.put(oath.NewCredential{ID: []byte("60/minute"), Type: oath.TOTP, Algorithm: oath.SHA256, Secret: s32, Digits: 8})
	t.wantCode("60/minute", oath.TOTP, time.Unix(1111111109, 0), "40857319")
}

// names: ids are bytes, whatever they are.
func (t *suite) names() {
	for _, id := range []string{"a", "_hidden:x", "\xff\xfe\x00", "Zürich:日本", strings.Repeat("n", 64), "a:b:c/d", "\x1b[31m"} {
		t.put(t.totp(id))
		t.wantCode(id, oath.TOTP, t59, "287082")
		if _, there := t.list()[id]; !there {
			t.Errorf("%q is not listed", id)
		}
	}
}

// counter: RFC 4226 appendix D. No command but CALCULATE moves the counter.
func (t *suite) counter() {
	id := []byte("hotp")
	c := oath.NewCredential{ID: id, Type: oath.HOTP, Algorithm: oath.SHA1, Secret: s20, Digits: 6}
	t.put(c)
	for _, want := range []string{"755224", "287082", "359152"} {
		t.wantCode("hotp", oath.HOTP, t59, want)
		all, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
		if err != nil || len(all) != 1 || all[0].Type != oath.HOTP || all[0].Code != nil {
			t.Errorf("CALCULATE ALL: %+v, %v", all, err)
		}
	}
	full, err := t.s.CalculateFull(id, oath.CounterChallenge(0))
	if err != nil || full.Code().String() != "969429" {
		t.Errorf("full answer at counter 3: %v, %v", full.Code(), err)
	}
	t.must(t.card.PowerCycle(), "power")
	t.reopen()
	t.wantCode("hotp", oath.HOTP, t59, "338314")
	c.Counter = 1
	t.put(c)
	t.wantCode("hotp", oath.HOTP, t59, "287082")
}

// reopen selects after a power cycle, and unlocks where a FIPS key is locked.
func (t *suite) reopen() {
	t.Helper()
	t.open()
	if t.s.Locked() {
		t.must(t.s.Validate(t.key()), "VALIDATE")
	}
}

func (t *suite) steam() {
	t.put(t.totp("Steam:gabe"))
	t.wantCode("Steam:gabe", oath.TOTP, t59, "PV9M4")
}

func (t *suite) overwrite() {
	t.put(t.totp("first"))
	t.put(t.totp("second"))
	c := t.totp("first")
	c.Secret, c.Digits = s32, 8
	t.put(c)
	if n := len(t.list()); n != 2 {
		t.Errorf("%d credentials", n)
	}
	t.wantCode("first", oath.TOTP, t59, oath.Response{HMAC: oath.SHA1.HMAC(s32, oath.CounterChallenge(1)), Digits: 8}.Code().String())
	t.wantCode("second", oath.TOTP, t59, "287082")
}

func (t *suite) delete() {
	t.put(t.totp("a"))
	t.put(t.totp("ab"))
	t.must(t.s.Delete([]byte("a")), "DELETE")
	if list := t.list(); len(list) != 1 {
		t.Errorf("left: %v", list)
	}
	for what, err := range map[string]error{
		"DELETE":    t.s.Delete([]byte("a")),
		"CALCULATE": func() error { _, err := t.s.Calculate([]byte("a"), oath.CounterChallenge(1)); return err }(),
	} {
		if !errors.Is(err, oath.ErrNotFound) {
			t.Errorf("%s of what is gone: %v", what, err)
		}
	}
}

func (t *suite) rename() {
	if t.lacks("RENAME", oath.Version{5, 3, 0}) {
		return
	}
	t.put(t.totp("old"))
	t.put(t.totp("other"))
	t.must(t.s.Rename([]byte("old"), []byte("new")), "RENAME")
	t.wantCode("new", oath.TOTP, t59, "287082")
	for _, pair := range [][2]string{{"old", "x"}, {"new", "other"}, {"new", "new"}} {
		if err := t.s.Rename([]byte(pair[0]), []byte(pair[1])); !errors.Is(err, oath.ErrNotFound) && !errors.Is(err, oath.ErrExists) {
			t.Errorf("RENAME %v: %v", pair, err)
		}
	}
	if list := t.list(); len(list) != 2 {
		t.Errorf("left: %v", list)
	}
}

func (t *suite) touch() {
	if t.lacks("touch", oath.Version{4, 2, 6}) {
		return
	}
	c := t.totp("touched")
	c.Touch = true
	t.put(c)
	all, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
	if err != nil || len(all) != 1 || !all[0].Touch || all[0].Code != nil {
		t.Errorf("CALCULATE ALL: %+v, %v", all, err)
	}
	t.wantCode("touched", oath.TOTP, t59, "287082")
}

func (t *suite) password() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.wantCode("a", oath.TOTP, t59, "287082")
	t.open()
	if !t.s.HasPassword() {
		t.Fatal("no password after SET CODE")
	}
	if t.s.Locked() {
		if _, err := t.s.List(); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("LIST while locked: %v", err)
		}
		if _, err := t.s.Calculate([]byte("a"), oath.CounterChallenge(1)); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("CALCULATE while locked: %v", err)
		}
		if err := t.s.Put(t.totp("b")); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("PUT while locked: %v", err)
		}
	}
	t.must(t.s.Validate(t.key()), "VALIDATE")
	t.wantCode("a", oath.TOTP, t59, "287082")

	second := oath.DeriveKey("battery staple", t.s.Salt)
	t.must(t.s.SetKey(second), "changing the key")
	t.must(t.card.PowerCycle(), "power")
	t.open()
	t.must(t.s.Validate(second), "VALIDATE with the second key")
	err := t.s.ClearKey()
	if errors.Is(err, oath.ErrPolicy) {
		t.Log("left out: removing the password (FIPS)")
		return
	}
	t.must(err, "removing the key")
	t.open()
	if t.s.HasPassword() {
		t.Error("a password after its removal")
	}
	t.wantCode("a", oath.TOTP, t59, "287082")
}

func (t *suite) wrongPassword() {
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.open()
	if err := t.s.Validate(oath.DeriveKey("wrong", t.s.Salt)); !errors.Is(err, oath.ErrWrongPassword) {
		t.Errorf("a wrong key: %v", err)
	}
	t.open()
	t.must(t.s.Validate(t.key()), "the right key after a wrong one")
}

func (t *suite) reset() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	t.open()
	id := t.s.DeviceID()
	t.must(t.s.Reset(), "RESET while locked")
	if t.s.HasPassword() || t.s.DeviceID() == id {
		t.Errorf("password %v, the same device id %v", t.s.HasPassword(), t.s.DeviceID() == id)
	}
	if list := t.list(); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}

// challenge: any eight bytes, not only those of a clock.
func (t *suite) challenge() {
	t.put(t.totp("a"))
	for _, challenge := range [][]byte{{0, 0, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8), []byte("arbitrar")} {
		got, err := t.s.CalculateFull([]byte("a"), challenge)
		if err != nil || !bytes.Equal(got.HMAC, oath.SHA1.HMAC(s20, challenge)) {
			t.Errorf("%x: %x, %v", challenge, got.HMAC, err)
		}
	}
}

// full fills the key, so that answers come in many parts, and one more is refused.
func (t *suite) full() {
	const enough = 200
	n := 0
	for ; n < enough; n++ {
		err := t.s.Put(t.totp(fmt.Sprintf("Issuer%03d:%s", n, strings.Repeat("x", 50))))
		if errors.Is(err, oath.ErrFull) {
			break
		}
		t.must(err, "PUT")
	}
	if n == enough || t.s.Capacity() != 0 && n != t.s.Capacity() {
		t.Errorf("%d credentials fit, capacity %d", n, t.s.Capacity())
	}
	if got := len(t.list()); got != n {
		t.Errorf("%d of %d are listed", got, n)
	}
	all, err := t.s.CalculateAll(oath.CounterChallenge(1), true)
	t.must(err, "CALCULATE ALL")
	if len(all) != n {
		t.Errorf("%d of %d are calculated", len(all), n)
	}
	for _, a := range all {
		if a.Full == nil || a.Full.Code().String() != "287082" {
			t.Errorf("%q: %+v", a.ID, a)
		}
	}
	t.must(t.s.Delete(all[0].ID), "DELETE")
	t.put(t.totp(string(all[0].ID)))
}

func (t *suite) refused() {
	if t.s.Version.Less(oath.Version{3}) {
		t.Log("left out: what a NEO takes")
		return
	}
	if err := t.s.Delete(bytes.Repeat([]byte("n"), 65)); err == nil {
		t.Error("an id of 65 bytes is known")
	}
}

// powerCycle: what is stored stays, what is unlocked does not.
func (t *suite) powerCycle() {
	t.put(t.totp("a"))
	t.must(t.s.SetKey(t.key()), "SET CODE")
	id := t.s.DeviceID()
	t.must(t.card.PowerCycle(), "power")
	if _, err := t.s.List(); err == nil {
		t.Error("LIST without SELECT after a power cycle")
	}
	t.open()
	if !t.s.Locked() || t.s.DeviceID() != id {
		t.Errorf("locked %v, device id %s, was %s", t.s.Locked(), t.s.DeviceID(), id)
	}
	t.must(t.s.Validate(t.key()), "VALIDATE")
	t.wantCode("a", oath.TOTP, t59, "287082")
}
