package oathtest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"ykmfa/oath"
)

// algorithms, with the secret of RFC 6238 appendix B for each and its codes of eight digits at T=59 and T=1111111109,
// which are those of the counters 1 and 37037036 too.
var algorithms = []struct {
	algorithm   oath.Algorithm
	secret      []byte
	first, next string
}{
	{oath.SHA1, s20, "94287082", "07081804"},
	{oath.SHA256, s32, "46119246", "68084774"},
	{oath.SHA512, s64, "90693936", "25091201"},
}

const nextStep = 37037036

// codes: every hash with every number of digits, truncated and whole.
func (t *suite) codes() {
	for _, a := range algorithms {
		if a.algorithm == oath.SHA512 && t.lacks("SHA512", oath.Version{4, 3, 1}) {
			continue
		}
		for digits := 6; digits <= 8; digits++ {
			id := fmt.Sprintf("%v-%d", a.algorithm, digits)
			t.put(oath.NewCredential{ID: []byte(id), Type: oath.TOTP, Algorithm: a.algorithm, Secret: a.secret, Digits: digits})
			t.wantCode(id, oath.TOTP, t59, a.first[8-digits:])
			t.wantCode(id, oath.TOTP, time.Unix(1111111109, 0), a.next[8-digits:])
			if there := t.list()[id]; there.Type != oath.TOTP || there.Algorithm != a.algorithm {
				t.Errorf("%s is listed as %v with %v", id, there.Type, there.Algorithm)
			}
			full, err := t.s.CalculateFull([]byte(id), oath.CounterChallenge(1))
			if err != nil || !bytes.Equal(full.HMAC, a.algorithm.HMAC(a.secret, oath.CounterChallenge(1))) || full.Digits != digits {
				t.Errorf("%s: full answer %x, %v", id, full, err)
			}
		}
	}
}

// periods: the period is in the id, and changes which step it is.
func (t *suite) periods() {
	for _, period := range []int64{1, 15, 60, 86400} {
		id := fmt.Sprintf("%d/ACME:alice", period)
		c := t.totp(id)
		c.Digits = 8
		t.put(c)
		t.wantCode(id, oath.TOTP, time.Unix(nextStep*period, 0), "07081804")
		t.wantCode(id, oath.TOTP, time.Unix((nextStep+1)*period-1, 0), "07081804")
		t.wantCode(id, oath.TOTP, time.Unix((nextStep+1)*period, 0), "14050471") // RFC 6238, T=1111111111
	}
	t.wantIDs("1/ACME:alice", "15/ACME:alice", "60/ACME:alice", "86400/ACME:alice")
}

// all: CALCULATE ALL tells every credential of every kind once, truncated and whole.
func (t *suite) all() {
	want := map[string]string{"ACME:alice": "287082", "_hidden:x": "287082", "Steam:gabe": "287082", "hotp": "HOTP"}
	for _, id := range []string{"ACME:alice", "_hidden:x", "Steam:gabe"} {
		t.put(t.totp(id))
	}
	hotp := t.totp("hotp")
	hotp.Type = oath.HOTP
	t.put(hotp)
	if !t.lacks("touch", oath.Version{4, 2, 6}) {
		touched := t.totp("touched")
		touched.Touch = true
		t.put(touched)
		want["touched"] = "touch"
	}
	for _, full := range []bool{false, true} {
		all, err := t.s.CalculateAll(oath.CounterChallenge(1), full)
		t.must(err, "CALCULATE ALL")
		for _, a := range all {
			if got := describe(a); got != want[string(a.ID)] || full != (a.Full != nil) && a.Code != nil {
				t.Errorf("full %v: %q is %s, want %s", full, a.ID, got, want[string(a.ID)])
			}
		}
		if len(all) != len(want) {
			t.Errorf("full %v: %d answers for %d credentials", full, len(all), len(want))
		}
	}
}

// describe is the code in an answer, or why there is none.
func describe(a oath.Answer) string {
	switch {
	case a.Type == oath.HOTP:
		return "HOTP"
	case a.Touch:
		return "touch"
	case a.Code != nil:
		return a.Code.String()
	case a.Full != nil:
		return a.Full.Code().String()
	}
	return "nothing"
}

// challenge: any eight bytes, not only those of a clock.
func (t *suite) challenge() {
	t.put(t.totp("a"))
	for _, challenge := range [][]byte{make([]byte, 8), bytes.Repeat([]byte{0xff}, 8), []byte("arbitrar"), {0x80, 0, 0, 0, 0, 0, 0, 0}} {
		got, err := t.s.CalculateFull([]byte("a"), challenge)
		if err != nil || !bytes.Equal(got.HMAC, oath.SHA1.HMAC(s20, challenge)) {
			t.Errorf("%x: %x, %v", challenge, got.HMAC, err)
		}
	}
}

func (t *suite) steam() {
	t.put(t.totp("Steam:gabe"))
	for at, want := range map[int64]string{59: "PV9M4", 1111111109: "PY4YB", 1234567890: "VHHQY"} {
		t.wantCode("Steam:gabe", oath.TOTP, time.Unix(at, 0), want)
	}
}

// counter: RFC 4226 appendix D. No command but CALCULATE moves the counter, and nothing moves it back but PUT.
func (t *suite) counter() {
	if t.foreign() {
		t.leftOut("HOTP", "cards that are no YubiKeys count differently")
		return
	}
	c := t.totp("hotp")
	c.Type = oath.HOTP
	t.put(c)
	for _, want := range []string{"755224", "287082", "359152"} {
		t.wantCode("hotp", oath.HOTP, t59, want)
		_, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
		t.must(err, "CALCULATE ALL")
		if there := t.list()["hotp"]; there.Type != oath.HOTP {
			t.Errorf("listed as %v", there.Type)
		}
	}
	full, err := t.s.CalculateFull(c.ID, oath.CounterChallenge(0))
	if err != nil || full.Code().String() != "969429" {
		t.Errorf("full answer at counter 3: %x, %v", full, err)
	}
	t.reopen(t.key())
	t.wantCode("hotp", oath.HOTP, t59, "338314")
	c.Counter = 1
	t.put(c)
	t.wantCode("hotp", oath.HOTP, t59, "287082")
}

// counterHashes: RFC 6238's table again, whose steps are counters here.
func (t *suite) counterHashes() {
	if t.foreign() {
		t.leftOut("HOTP", "cards that are no YubiKeys count differently")
		return
	}
	for _, a := range algorithms {
		if a.algorithm == oath.SHA512 && t.lacks("SHA512", oath.Version{4, 3, 1}) {
			continue
		}
		for counter, want := range map[uint32]string{1: a.first, nextStep: a.next} {
			id := fmt.Sprintf("%v from %d", a.algorithm, counter)
			t.put(oath.NewCredential{
				ID: []byte(id), Type: oath.HOTP, Algorithm: a.algorithm, Secret: a.secret, Digits: 8, Counter: counter,
			})
			t.wantCode(id, oath.HOTP, t59, want)
		}
	}
}

// touch: CALCULATE waits for it, CALCULATE ALL does not. A counter hides the flag.
func (t *suite) touch() {
	if t.lacks("touch", oath.Version{4, 2, 6}) {
		return
	}
	c := t.totp("touched")
	c.Touch = true
	t.put(c)
	all, err := t.s.CalculateAll(oath.CounterChallenge(1), false)
	if err != nil || len(all) != 1 || describe(all[0]) != "touch" {
		t.Errorf("CALCULATE ALL: %+v, %v", all, err)
	}
	t.wantCode("touched", oath.TOTP, t59, "287082")
	if t.foreign() {
		return
	}
	c.ID, c.Type, c.Counter = []byte("hotp"), oath.HOTP, 1
	t.put(c)
	all, err = t.s.CalculateAll(oath.CounterChallenge(1), false)
	if err != nil || len(all) != 2 || describe(all[0])+describe(all[1]) != "touchHOTP" && describe(all[0])+describe(all[1]) != "HOTPtouch" {
		t.Errorf("CALCULATE ALL: %+v, %v", all, err)
	}
	t.wantCode("hotp", oath.HOTP, t59, "287082")
}

// names: ids are bytes, whatever they are.
func (t *suite) names() {
	ids := []string{"a", "_hidden:x", "\xff\xfe\x00", "Zürich:日本", strings.Repeat("n", 63), strings.Repeat("n", 64), "a:b:c/d", "\x1b[31m", "30/x"}
	for _, id := range ids {
		t.put(t.totp(id))
		t.wantCode(id, oath.TOTP, t59, "287082")
	}
	t.wantIDs(ids...)
}
