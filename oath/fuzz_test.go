package oath_test

import (
	"errors"
	"testing"
	"time"

	"ykmfa/oath"
)

// FuzzAnswers lets a card answer anything to every command: a value or an error of this package, never both, never
// more than was sent.
func FuzzAnswers(f *testing.F) {
	for _, answer := range []string{
		"7903050403710801234567 89abcdef9000", locked543, "720b2141434d453a616c6963659000", "7605060004616a9000",
		"75150675a48a19d4cbe100644e8ac1397eea747a2d33ab9000", "710a41434d453a616c69636576050600046 16a9000", "71047468657277010 69000",
		"6982", "61ff", proof + "9000", "2e0102033f9000", "90", "",
	} {
		f.Add(unhex(f, answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		card := cardFunc(func([]byte) ([]byte, error) { return answer, nil })
		check := func(what string, err error, empty bool) {
			t.Helper()
			var status *oath.Error
			if err != nil && !errors.Is(err, oath.ErrCorrupt) && !errors.As(err, &status) && !errors.Is(err, oath.ErrImpostor) &&
				!errors.Is(err, oath.ErrNoPassword) {
				t.Errorf("%s: an error of no kind: %v", what, err)
			}
			if err != nil && !empty {
				t.Errorf("%s: a value beside the error %v", what, err)
			}
		}
		s, err := oath.Select(card)
		check("SELECT", err, s == nil)
		device, err := oath.ReadDevice(card)
		check("READ CONFIG", err, device == oath.Device{})

		calls := 0
		s, err = oath.Select(cardFunc(func([]byte) ([]byte, error) {
			if calls++; calls == 1 {
				return unhex(t, locked543), nil
			}
			return answer, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.List()
		check("LIST", err, list == nil)
		for _, c := range list {
			oath.ParseName(c.ID, c.Type)
			_, _ = c.Type.String(), c.Algorithm.String()
		}
		code, err := s.Calculate([]byte("a"), []byte("b"))
		check("CALCULATE", err, code == oath.Code{})
		full, err := s.CalculateFull([]byte("a"), []byte("b"))
		check("CALCULATE", err, full.HMAC == nil)
		if err == nil {
			_, _ = full.Code(), full.Steam()
		}
		all, err := s.CalculateAll([]byte("b"), false)
		check("CALCULATE ALL", err, all == nil)
		text, err := s.Code([]byte("a"), oath.TOTP, time.Unix(59, 0))
		check("CODE", err, text == "")
		check("VALIDATE", s.Validate([]byte("0123456789abcdef")), true)
	})
}
