package oath_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"testing"
	"time"

	"ykmfa/oath"
)

// Whatever the reader says comes through to the caller, whichever command and whichever part of the answer it hits.
func TestTransportError(t *testing.T) {
	pulled := errors.New("card removed")
	for command, do := range commands {
		for after := range 2 {
			n := -1
			s, err := oath.Select(cardFunc(func(apdu []byte) ([]byte, error) {
				switch n++; {
				case n == 0:
					return unhex(t, locked543), nil
				case n > after:
					return nil, pulled
				}
				return []byte{0x71, 0x61, 0x10}, nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			var status *oath.Error
			if err := do(s); !errors.Is(err, pulled) || errors.Is(err, oath.ErrCorrupt) || errors.As(err, &status) {
				t.Errorf("%s, at command %d: %v", command, after, err)
			}
		}
	}
	silent := cardFunc(func([]byte) ([]byte, error) { return nil, pulled })
	if s, err := oath.Select(silent); !errors.Is(err, pulled) || s != nil {
		t.Errorf("SELECT: %v, %v", s, err)
	}
	for after := range 4 { // both applets, greeting and data
		n := 0
		d, err := oath.ReadDevice(cardFunc(func(apdu []byte) ([]byte, error) {
			if n++; n > after {
				return nil, pulled
			}
			if hex.EncodeToString(apdu) == selectManagement {
				return []byte{0x6a, 0x82}, nil
			}
			return unhex(t, "03030701850706000000 9000"), nil
		}))
		if done := after >= 3; (err == nil) != done || !done && (!errors.Is(err, pulled) || d != (oath.Device{})) {
			t.Errorf("ReadDevice at command %d: %+v, %v", after, d, err)
		}
	}
}

// A card that never comes to an end is left after 64 kB, or at its first empty part.
func TestEndlessAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		part []byte
		most int // commands
	}{
		"255 bytes": {append(make([]byte, 255), 0x61, 0xff), 1<<16/255 + 2},
		"one byte":  {[]byte{0, 0x61, 0x01}, 1<<16 + 2},
		"empty":     {[]byte{0x61, 0xff}, 1},
		"a MB":      {append(make([]byte, 1<<20), 0x90, 0x00), 1},
	} {
		for command, do := range commands {
			sent := -1
			s, err := oath.Select(cardFunc(func([]byte) ([]byte, error) {
				if sent++; sent == 0 {
					return unhex(t, locked543), nil
				}
				return tt.part, nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if err := do(s); !errors.Is(err, oath.ErrCorrupt) || sent > tt.most {
				t.Errorf("%s, %s: %v after %d commands", name, command, err, sent)
			}
		}
		sent := 0
		_, err := oath.ReadDevice(cardFunc(func([]byte) ([]byte, error) { sent++; return tt.part, nil }))
		if !errors.Is(err, oath.ErrCorrupt) || sent > tt.most {
			t.Errorf("%s, ReadDevice: %v after %d commands", name, err, sent)
		}
	}
}

// The answers that make the most entries out of the fewest bytes take memory in proportion to their own size.
func TestAllocation(t *testing.T) {
	const size = 60000
	fill := func(unit string) []byte {
		b := unhex(t, unit)
		return append(bytes.Repeat(b, size/len(b)), 0x90, 0x00)
	}
	for name, do := range map[string]func(){
		"LIST":          func() { opened(t, open543, fill("720121")).List() },
		"LIST, ids":     func() { opened(t, open543, fill("72022161")).List() },
		"CALCULATE ALL": func() { opened(t, open543, fill("71007700")).CalculateAll(nil, false) },
		"and codes":     func() { opened(t, open543, fill("710076050600000001")).CalculateAll(nil, false) },
		"SELECT":        func() { oath.Select(cardFunc(func([]byte) ([]byte, error) { return fill("7400"), nil })) },
		"SELECT, salts": func() { oath.Select(cardFunc(func([]byte) ([]byte, error) { return fill("710161"), nil })) },
		"READ CONFIG":   func() { oath.ReadDevice(cardFunc(func([]byte) ([]byte, error) { return fill("352e342e3320"), nil })) },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 100*size {
			t.Errorf("%s: %d bytes for %d", name, n, size)
		}
	}
}

// One command for a code, two with SELECT: nothing else is asked.
func TestNumberOfCommands(t *testing.T) {
	sent := 0
	s, err := oath.Select(cardFunc(func(apdu []byte) ([]byte, error) {
		if sent++; sent == 1 {
			return unhex(t, open543), nil
		}
		return unhex(t, "7605060004616a9000"), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if code, err := s.Code([]byte("a"), oath.TOTP, time.Unix(59, 0)); err != nil || code != "287082" || sent != 2 {
		t.Errorf("%s, %v, %d commands", code, err, sent)
	}
}
