package oath_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"ykmfa/internal/iso7816"
	"ykmfa/oath"
)

// Answers to begin with, whole, damaged and refused. Every target starts from all of them.
var answers = []string{
	"790305020471084bb7a7fad7af401b9000", "790305040371088d848ca27d71e9ba7408df54c07d48c0f36f7b01029000",
	"790301000071083e785a84679df31974087f1516959d95fb467b01219000", "7903000201710818089b8ac8607ade9000",
	"720b2141434d453a616c696365720c2236302f4269673a736c6f77720511686f74709000", "728202212100", "72009000", "72829000", "727f2161629000",
	"7605060004616a9000", "76050641397eea9000", "75150675a48a19d4cbe100644e8ac1397eea747a2d33ab9000",
	"75150828c6d33a03e7c67940c30d06253f8980f8ef54bd9000",
	"710a41434d453a616c6963657605060004616a7104686f74707701067108546f7563683a6d657c01069000", "71047468657277010 69000",
	"710a41434d453a616c69636575150675a48a19d4cbe100644e8ac1397eea747a2d33ab9000",
	proof + "9000", "75207831d961d57f4f73c530076d422525357ae0f2b0a10e5c8e9d7a680a8f18ae8a9000",
	"2e0102033f0302033f0204016bf6e604010305030504030602000007010f0801000d02033f0e02033f0a01000f01009000", "0c0101ff0204006cb7d603013f9000",
	greeting543, "03030701850706000000 9000", "016bf6e69000", "9000", "6982", "6984", "6a80", "61ff", "7261ff", "90", "",
}

// seed adds the answers to a target's corpus.
func seed(f *testing.F) {
	for _, a := range answers {
		f.Add(unhex(f, a))
	}
}

// kind fails when an error is of no kind that the package promises for an answer, or has a value beside it.
func kind(t *testing.T, err error, empty bool) {
	t.Helper()
	var status *oath.Error
	if err != nil && !errors.Is(err, oath.ErrCorrupt) && !errors.As(err, &status) {
		t.Errorf("an error of no kind: %v", err)
	}
	if err != nil && !empty {
		t.Errorf("a value beside the error %v", err)
	}
}

func FuzzSelect(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := oath.Select(cardFunc(func([]byte) ([]byte, error) { return answer, nil }))
		kind(t, err, s == nil)
		if err != nil {
			return
		}
		if len(s.Salt) == 0 || s.Locked() != (s.Challenge != nil) || len(s.DeviceID()) != 22 {
			t.Fatalf("salt %x, challenge %x, locked %v", s.Salt, s.Challenge, s.Locked())
		}
		again := iso7816.AppendTLV(iso7816.AppendTLV(nil, 0x79, s.Version[:]), 0x71, s.Salt)
		if s.Challenge != nil {
			again = iso7816.AppendTLV(again, 0x74, s.Challenge)
		}
		again = append(iso7816.AppendTLV(again, 0x7b, []byte{byte(s.Algorithm)}), 0x90, 0x00)
		if twin := opened(t, hex.EncodeToString(again), nil); twin.Version != s.Version || !bytes.Equal(twin.Salt, s.Salt) ||
			!bytes.Equal(twin.Challenge, s.Challenge) || twin.Algorithm != s.Algorithm || twin.Locked() != s.Locked() {
			t.Errorf("%+v became %+v", s, twin)
		}
	})
}

func FuzzList(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		list, err := opened(t, open543, answer).List()
		kind(t, err, list == nil)
		var again []byte
		for _, c := range list {
			oath.ParseName(c.ID, c.Type)
			again = iso7816.AppendTLV(again, 0x72, []byte{byte(c.Type) | byte(c.Algorithm)}, c.ID)
		}
		if len(again) > len(answer) {
			t.Fatalf("%d bytes out of %d", len(again), len(answer))
		}
		twin, err2 := opened(t, open543, append(again, 0x90, 0x00)).List()
		if err == nil && (err2 != nil || !reflect.DeepEqual(list, twin)) {
			t.Errorf("%v became %v, %v", list, twin, err2)
		}
	})
}

func FuzzCalculate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		s := opened(t, locked543, answer)
		code, err := s.Calculate([]byte("a"), count(8, 0))
		kind(t, err, code == oath.Code{})
		if err == nil && (code.Digits < 1 || code.Digits > 10 || len(code.String()) != code.Digits) {
			t.Errorf("%d digits: %s", code.Digits, code)
		}
		full, err := s.CalculateFull([]byte("a"), count(8, 0))
		kind(t, err, full.HMAC == nil)
		if err == nil && (len(full.Code().String()) != full.Digits || len(full.Steam()) != 5) {
			t.Errorf("%d digits: %s, %s", full.Digits, full.Code(), full.Steam())
		}
		for _, id := range []string{"a", "Steam:a", "0/a"} {
			text, err := s.Code([]byte(id), oath.TOTP, time.Unix(59, 0))
			kind(t, err, text == "")
		}
	})
}

func FuzzCalculateAll(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		all, err := opened(t, open543, answer).CalculateAll(count(8, 0), false)
		kind(t, err, all == nil)
		var bytes int
		for _, a := range all {
			bytes += len(a.ID)
			set := 0
			for _, is := range []bool{a.Type == oath.HOTP, a.Touch, a.Code != nil, a.Full != nil} {
				if is {
					set++
				}
			}
			if set != 1 || describe(a) == "" {
				t.Errorf("%d of the four kinds of answer: %+v", set, a)
			}
		}
		if bytes > len(answer) {
			t.Errorf("%d bytes of ids out of %d", bytes, len(answer))
		}
	})
}

// Whatever a card answers, it does not pass for one that knows the key, unless it says what only that can say.
func FuzzValidate(f *testing.F) {
	seed(f)
	key := oath.DeriveKey("correct horse", unhex(f, "0123456789abcdef"))
	right := unhex(f, proof)
	f.Fuzz(func(t *testing.T, answer []byte) {
		s := opened(t, locked543, answer)
		s.Rand = bytes.NewReader(unhex(t, "8877665544332211"))
		err := s.Validate(key)
		if !errors.Is(err, oath.ErrImpostor) {
			kind(t, err, true)
		}
		if s.Locked() != (err != nil) {
			t.Errorf("locked %v after %v", s.Locked(), err)
		}
		if err == nil && !bytes.Contains(answer, right[2:]) {
			t.Errorf("unlocked by %x", answer)
		}
	})
}

// FuzzReadDevice gives three answers in turn, and then the last again.
func FuzzReadDevice(f *testing.F) {
	for _, a := range answers {
		f.Add(unhex(f, greeting543), unhex(f, a), unhex(f, a))
		f.Add([]byte{0x6a, 0x82}, unhex(f, a), unhex(f, a))
	}
	f.Fuzz(func(t *testing.T, one, two, three []byte) {
		n, script := -1, [][]byte{one, two, three}
		d, err := oath.ReadDevice(cardFunc(func([]byte) ([]byte, error) {
			n++
			return script[min(n, 2)], nil
		}))
		kind(t, err, d == oath.Device{})
	})
}

// FuzzCuts: where a card cuts its answer changes nothing.
func FuzzCuts(f *testing.F) {
	for _, a := range answers {
		f.Add(unhex(f, a), uint16(1), uint16(9))
	}
	f.Add(tenEntries(), uint16(256), uint16(44))
	f.Fuzz(func(t *testing.T, data []byte, one, two uint16) {
		if len(data) == 0 || len(data) > 1<<15 {
			return
		}
		whole, err := opened(t, open543, append(bytes.Clone(data), 0x90, 0x00)).List()
		var parts [][]byte
		for rest := data; len(rest) > 0; {
			n := min(1+int(one), len(rest))
			parts, rest, one, two = append(parts, rest[:n]), rest[n:], two, one
		}
		n := -2
		s, _ := oath.Select(cardFunc(func([]byte) ([]byte, error) {
			if n++; n < 0 {
				return unhex(t, open543), nil
			}
			if n == len(parts)-1 {
				return append(bytes.Clone(parts[n]), 0x90, 0x00), nil
			}
			return append(bytes.Clone(parts[n]), 0x61, 0xff), nil
		}))
		joined, err2 := s.List()
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(whole, joined) {
			t.Errorf("%v, %v; in %d parts %v, %v", whole, err, len(parts), joined, err2)
		}
	})
}
