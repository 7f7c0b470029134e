package oathtest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"ykmfa/oath"
)

// overwrite: PUT on an id that is there replaces all of it, or is refused and changes nothing.
func (t *suite) overwrite() {
	t.put(t.totp("first"))
	t.put(t.totp("second"))
	c := t.totp("first")
	c.Algorithm, c.Secret, c.Digits = oath.SHA256, s32, 8
	want := "46119246"
	if err := t.s.Put(c); errors.Is(err, oath.ErrExists) {
		t.leftOut("overwriting", "the card refuses")
		want = "287082"
	} else {
		t.must(err, "PUT")
	}
	t.wantIDs("first", "second")
	t.wantCode("first", oath.TOTP, t59, want)
	t.wantCode("second", oath.TOTP, t59, "287082")
}

// delete: the one id, not what begins with it.
func (t *suite) delete() {
	for _, id := range []string{"a", "ab", "abc"} { // longest last: firmware 4.3.4 and older cannot do otherwise
		t.put(t.totp(id))
	}
	t.must(t.s.Delete([]byte("ab")), "DELETE")
	t.wantIDs("a", "abc")
	t.must(t.s.Delete([]byte("a")), "DELETE")
	t.wantIDs("abc")
	t.wantCode("abc", oath.TOTP, t59, "287082")
	t.put(t.totp("abcd"))
	t.wantIDs("abc", "abcd")
}

// absent: ids that nothing has, near misses among them.
func (t *suite) absent() {
	t.put(t.totp("ACME:alice"))
	for _, id := range []string{"ACME:alic", "ACME:alicex", "acme:alice", "CME:alice", "x", "60/ACME:alice", "ACME:alice\x00", strings.Repeat("n", 64)} {
		_, truncated := t.s.Calculate([]byte(id), oath.CounterChallenge(1))
		_, full := t.s.CalculateFull([]byte(id), oath.CounterChallenge(1))
		for what, err := range map[string]error{"DELETE": t.s.Delete([]byte(id)), "CALCULATE": truncated, "CALCULATE, full": full} {
			if !errors.Is(err, oath.ErrNotFound) {
				t.Errorf("%s of %q: %v", what, id, err)
			}
		}
	}
	if err := t.s.Delete(bytes.Repeat([]byte("n"), 65)); err == nil {
		t.Error("DELETE of an id that is too long succeeded")
	}
	t.wantIDs("ACME:alice")
}

func (t *suite) rename() {
	if t.lacks("RENAME", oath.Version{5, 3, 0}) {
		return
	}
	t.put(t.totp("old"))
	t.put(t.totp("other"))
	t.must(t.s.Rename([]byte("old"), []byte("new")), "RENAME")
	t.wantCode("new", oath.TOTP, t59, "287082")
	if _, err := t.s.Calculate([]byte("old"), oath.CounterChallenge(1)); !errors.Is(err, oath.ErrNotFound) {
		t.Errorf("CALCULATE of the old id: %v", err)
	}
	for _, pair := range [][2]string{{"old", "x"}, {"new", "other"}, {"new", "new"}} {
		if err := t.s.Rename([]byte(pair[0]), []byte(pair[1])); !errors.Is(err, oath.ErrNotFound) && !errors.Is(err, oath.ErrExists) {
			t.Errorf("RENAME %v: %v", pair, err)
		}
	}
	t.wantIDs("new", "other")
	long := strings.Repeat("n", 64)
	t.must(t.s.Rename([]byte("new"), []byte(long)), "RENAME to 64 bytes")
	t.wantIDs(long, "other")
}

// renameKeeps: hash, digits, type, touch and counter go with the credential.
func (t *suite) renameKeeps() {
	if t.lacks("RENAME", oath.Version{5, 3, 0}) {
		return
	}
	t.put(oath.NewCredential{ID: []byte("60/old"), Type: oath.TOTP, Algorithm: oath.SHA256, Secret: s32, Digits: 8, Touch: true})
	t.must(t.s.Rename([]byte("60/old"), []byte("60/new")), "RENAME")
	t.wantCode("60/new", oath.TOTP, time.Unix(1111111109, 0), "40857319")
	all, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
	if err != nil || len(all) != 1 || describe(all[0]) != "touch" {
		t.Errorf("CALCULATE ALL: %+v, %v", all, err)
	}
	if t.foreign() {
		return
	}
	hotp := t.totp("hotp")
	hotp.Type = oath.HOTP
	t.put(hotp)
	t.wantCode("hotp", oath.HOTP, t59, "755224")
	t.must(t.s.Rename([]byte("hotp"), []byte("renamed")), "RENAME")
	t.wantCode("renamed", oath.HOTP, t59, "287082")
}

// full fills the key, so that answers come in many parts, and one more is refused. A place that is given up is free.
func (t *suite) full() {
	const enough = 300
	id := func(n int) string { return fmt.Sprintf("Issuer%03d:%s", n, strings.Repeat("x", 54)) }
	var ids []string
	for ; len(ids) < enough; ids = append(ids, id(len(ids))) {
		err := t.s.Put(t.totp(id(len(ids))))
		if errors.Is(err, oath.ErrFull) {
			break
		}
		t.must(err, "PUT")
	}
	if len(ids) == enough || len(ids) < 20 || t.s.Capacity() != 0 && len(ids) != t.s.Capacity() {
		t.Errorf("%d credentials fit, capacity %d", len(ids), t.s.Capacity())
	}
	t.wantIDs(ids...)
	for _, full := range []bool{false, true} {
		all, err := t.s.CalculateAll(oath.CounterChallenge(1), full)
		t.must(err, "CALCULATE ALL")
		if len(all) != len(ids) {
			t.Errorf("%d of %d are calculated", len(all), len(ids))
		}
		for _, a := range all {
			if describe(a) != "287082" {
				t.Errorf("%q: %s", a.ID, describe(a))
			}
		}
	}
	t.must(t.s.Delete([]byte(ids[len(ids)/2])), "DELETE")
	t.put(t.totp(ids[len(ids)/2]))
	t.wantIDs(ids...)
}
