package iso7816

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Forms that ykman 4 and 5, piv-go, .NET and go-ykoath send.
func TestParseCommandForms(t *testing.T) {
	for _, tt := range []struct{ apdu, data string }{
		{"00a10000", ""},
		{"00a1000000", ""},
		{"00a4040007a0000005272101", "a0000005272101"},
		{"00a4040007a000000527210100", "a0000005272101"},
		{"00a40400000007a0000005272101", "a0000005272101"},
		{"00a40400000007a00000052721010000", "a0000005272101"},
		{"00a10000000000", ""},
		{"00030000027300", "7300"},
	} {
		c, err := ParseCommand(unhex(t, tt.apdu))
		if err != nil || hex.EncodeToString(c.Data) != tt.data {
			t.Errorf("%s: data %x, err %v", tt.apdu, c.Data, err)
		}
	}
}

func TestParseCommandTooShort(t *testing.T) {
	for _, apdu := range []string{"", "00", "00a400", "0001000005aabb", "000100000000ffaa"} {
		if _, err := ParseCommand(unhex(t, apdu)); !errors.Is(err, ErrLength) {
			t.Errorf("%q: err %v, want ErrLength", apdu, err)
		}
	}
}

func TestBytesRefusesLongData(t *testing.T) {
	if _, err := (Command{Data: make([]byte, 256)}).Bytes(); !errors.Is(err, ErrLength) {
		t.Errorf("256 bytes of data: %v", err)
	}
}

func TestTLVLengthForms(t *testing.T) {
	for _, n := range []int{0, 1, 0x7f, 0x80, 0xff, 0x100, MaxValue} {
		value := bytes.Repeat([]byte{0xaa}, n)
		s := String(append(AppendTLV(nil, 0x71, value), 0x99))
		var got []byte
		if !s.ReadTag(0x71, &got) || !bytes.Equal(got, value) || len(s) != 1 {
			t.Errorf("%d bytes: %d read, %d left", n, len(got), len(s))
		}
	}
	for _, bad := range []string{"", "71", "7102aa", "7180", "7181", "718201", "71830000", "71ff"} {
		s := String(unhex(t, bad))
		before := len(s)
		var tag byte
		var v []byte
		if s.ReadTLV(&tag, &v) || len(s) != before {
			t.Errorf("%s: accepted or consumed", bad)
		}
	}
}

func FuzzCommand(f *testing.F) {
	f.Add(unhex(f, "00a4040007a0000005272101"))
	f.Add(unhex(f, "00a40400000007a0000005272101"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			if !errors.Is(err, ErrLength) || c.Data != nil {
				t.Fatalf("error %v with data %x", err, c.Data)
			}
			return
		}
		if len(c.Data) > MaxData {
			return
		}
		again, err := c.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseCommand(again)
		if err != nil || d.CLA != c.CLA || d.INS != c.INS || d.P1 != c.P1 || d.P2 != c.P2 || !bytes.Equal(d.Data, c.Data) {
			t.Fatalf("%x became %x (%v)", b, again, err)
		}
	})
}

func FuzzTLV(f *testing.F) {
	f.Add(unhex(f, "790305040371080123456789abcdef"))
	f.Add(unhex(f, "7181ff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := String(b)
		for {
			var tag byte
			var value []byte
			before := len(s)
			if !s.ReadTLV(&tag, &value) {
				return
			}
			if len(s) >= before || len(value) > before {
				t.Fatalf("consumed nothing, or read %d bytes of %d", len(value), before)
			}
			again := String(AppendTLV(nil, tag, value))
			var v []byte
			if !again.ReadTag(tag, &v) || !bytes.Equal(v, value) || !again.Empty() {
				t.Fatal("does not read back")
			}
		}
	})
}

// TestExchange: parts of an answer are fetched until there are no more; what never ends is given up.
func TestExchange(t *testing.T) {
	var sent []string
	card := func(answers ...string) func([]byte) ([]byte, error) {
		sent = nil
		return func(apdu []byte) ([]byte, error) {
			sent = append(sent, string(apdu))
			next := answers[0]
			if len(answers) > 1 {
				answers = answers[1:]
			}
			return []byte(next), nil
		}
	}
	c := Command{INS: 0xa1}
	got, status, err := Exchange(card("ab\x61\x02", "cd\x61\x01", "e\x90\x00"), c, 0xa5, 5)
	if string(got) != "abcde" || status != 0x9000 || err != nil || strings.Join(sent, "") != "\x00\xa1\x00\x00\x00\x00\xa5\x00\x00\x00\x00\xa5\x00\x00\x00" {
		t.Errorf("%q, %04x, %v, sent %q", got, status, err, sent)
	}
	for _, endless := range []string{"ab\x61\x02", "\x61\x02", "x"} {
		if _, _, err := Exchange(card(endless), c, 0xa5, 5); !errors.Is(err, ErrAnswer) {
			t.Errorf("%q: %v", endless, err)
		}
	}
	c.Data = make([]byte, 256)
	if _, _, err := Exchange(card("\x90\x00"), c, 0xa5, 5); !errors.Is(err, ErrLength) || len(sent) > 0 {
		t.Errorf("a command that is too long: %v, sent %q", err, sent)
	}
}
