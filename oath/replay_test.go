package oath_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"ykmfa/oath"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replay is a card that knows one conversation: command, response, command, response, in hexadecimal.
type replay struct {
	t     *testing.T
	lines []string
}

func (r *replay) Transmit(command []byte) ([]byte, error) {
	r.t.Helper()
	got := hex.EncodeToString(command)
	if len(r.lines) == 0 {
		r.t.Fatalf("unexpected command %s", got)
	}
	want := strings.ReplaceAll(r.lines[0], " ", "")
	if got != want {
		r.t.Fatalf("command %s\n   want %s", got, want)
	}
	resp := unhex(r.t, r.lines[1])
	r.lines = r.lines[2:]
	return resp, nil
}

func (f cardFunc) Transmit(command []byte) ([]byte, error) { return f(command) }

const (
	selectOATH = "00a4040007a0000005272101"
	open543    = "79030504037108 0123456789abcdef 9000"
	locked543  = "79030504037108 0123456789abcdef 7408 1122334455667788 7b0101 9000"
)

// conversation is a replay card of which every line must be used.
func conversation(t *testing.T, lines ...string) *replay {
	t.Helper()
	r := &replay{t, lines}
	t.Cleanup(func() {
		if len(r.lines) > 0 && !t.Failed() {
			t.Errorf("%d commands were not sent, the first %s", len(r.lines)/2, r.lines[0])
		}
	})
	return r
}

// session selects the applet of a card that answers as given, and then continues with the conversation.
func session(t *testing.T, selected string, lines ...string) *oath.Session {
	t.Helper()
	r := conversation(t, append([]string{selectOATH, selected}, lines...)...)
	s, err := oath.Select(r)
	if err != nil {
		t.Fatal(err)
	}
	s.Rand = bytes.NewReader(unhex(t, "8877665544332211"))
	return s
}

type cardFunc func([]byte) ([]byte, error)

// opened is a session of a card that answers every command but SELECT with the same bytes.
func opened(t *testing.T, selected string, answer []byte) *oath.Session {
	t.Helper()
	s, err := oath.Select(cardFunc(func(command []byte) ([]byte, error) {
		if hex.EncodeToString(command) == selectOATH {
			return unhex(t, selected), nil
		}
		return answer, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
