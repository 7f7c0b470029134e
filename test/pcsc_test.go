//go:build linux

package test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ykmfa/internal/virtualkey"
)

// Headers of commands, as the virtual key logs them.
const (
	selectApplet  = "00a40400"
	list          = "00a10000"
	put           = "00010000"
	calculate     = "00a20001"
	calculateFull = "00a20000"
	calculateAll  = "00a40001"
	validate      = "00a30000"
	readConfig    = "001d0000"
)

// TestCommandCounts: a code is two commands on the key, three with a password, and the serial number is asked for once.
func TestCommandCounts(t *testing.T) {
	m := newMachine(t)
	k, _ := m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.file("aws.txt", s20)
	m.file("password.txt", "correct horse")
	expect := func(what string, want ...string) {
		t.Helper()
		if got := k.Log(); !slices.Equal(got, want) {
			t.Errorf("%s: commands %v, want %v", what, got, want)
		}
		k.ClearLog()
	}

	m.must("add", "aws", "--secret-from", "file:aws.txt", "--issuer", "Amazon")
	expect("add on a key never seen", selectApplet, selectApplet, readConfig, selectApplet, list, put, calculateFull)
	m.must("add", "second", "--secret-from", "file:aws.txt")
	expect("add", selectApplet, list, put, calculateFull)
	m.must("code", "aws")
	expect("code", selectApplet, calculate)
	m.must("code", "aws", "--next")
	expect("code --next", selectApplet, calculate)
	m.must("code", "Amazon:aws")
	expect("code by credential id", selectApplet, calculate)
	m.must("code", "amaz")
	expect("code by a part of the name", selectApplet, list, calculate)
	m.must("code")
	expect("all codes", selectApplet, calculateAll)

	m.env = append(m.env, "YKMFA_NEW_PASSWORD_COMMAND=cat password.txt", "YKMFA_PASSWORD_COMMAND=cat password.txt")
	m.must("password", "set")
	k.ClearLog()
	m.must("code", "aws")
	expect("code with a password", selectApplet, validate, calculate)
}

// TestParallel: many processes want the same key at the same moment, and each gets it.
func TestParallel(t *testing.T) {
	m := newMachine(t)
	m.insert(virtualkey.Options{}, 0)
	m.file("aws.txt", s20)
	m.must("add", "aws", "--secret-from", "file:aws.txt")
	const processes = 32
	results := make([]result, processes)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = m.ykmfa("code", "aws", "--at", "59") })
	}
	wg.Wait()
	for i, r := range results {
		if r.code != 0 || r.stdout != "287082\n" {
			t.Errorf("process %d: exit status %d, %q, %s", i, r.code, r.stdout, r.stderr)
		}
	}
}

// TestPulled: the key is pulled out at each command of code and add. What was not finished is finished by the next run.
func TestPulled(t *testing.T) {
	m := newMachine(t)
	m.file("aws.txt", s20)
	for _, kind := range []string{"vanish", "cut"} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprintf("%s@%d", kind, n), func(t *testing.T) {
				m.t = t
				m.home = t.TempDir()
				m.env = append(m.env, "HOME="+m.home, "XDG_CONFIG_HOME="+m.home+"/config", "XDG_STATE_HOME="+m.home+"/state")
				m.file("aws.txt", s20)
				state := filepath.Join(m.home, "key.json")
				faults, err := virtualkey.ParseFaults(fmt.Sprintf("%s@%d", kind, n))
				if err != nil {
					t.Fatal(err)
				}
				k, remove := m.insert(virtualkey.Options{Path: state, Faults: faults}, 0)
				r := m.ykmfa("add", "aws", "--secret-from", "file:aws.txt")
				if r.code != 3 || r.stdout != "" || !strings.Contains(r.stderr, "hint: ") {
					t.Errorf("exit status %d, stdout %q, stderr %s", r.code, r.stdout, r.stderr)
				}
				remove()
				k.Close()
				m.insert(virtualkey.Options{Path: state}, 0)
				m.must("add", "aws", "--secret-from", "file:aws.txt")
				if got := m.must("code", "--at", "59"); got != "aws\t287082" {
					t.Errorf("on the key afterwards: %q", got)
				}
			})
		}
	}
}

func TestPulledDuringCode(t *testing.T) {
	m := newMachine(t)
	m.file("aws.txt", s20)
	faults, err := virtualkey.ParseFaults("vanish@8")
	if err != nil {
		t.Fatal(err)
	}
	m.insert(virtualkey.Options{Faults: faults}, 0)
	m.must("add", "aws", "--secret-from", "file:aws.txt") // seven commands on a new key
	r := m.ykmfa("code", "aws")
	if r.code != 3 || r.stdout != "" || !strings.Contains(r.stderr, "removed") {
		t.Errorf("exit status %d, stdout %q, stderr %s", r.code, r.stdout, r.stderr)
	}
}

// TestNoCard: a reader without a card, and a card without the applet.
func TestNoCard(t *testing.T) {
	m := newMachine(t)
	r := m.ykmfa("code", "aws")
	if r.code != 3 || r.stdout != "" || !strings.Contains(r.stderr, "no card in any reader") {
		t.Errorf("empty reader: exit status %d, %s", r.code, r.stderr)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn, err := virtualkey.DialVPCD(ctx, m.pcscd.Addr(0))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ready := make(chan struct{})
	go foreignCard(conn, ready)
	<-ready
	r = m.ykmfa("code", "aws")
	if r.code != 3 || !strings.Contains(r.stderr, "no OATH applet") {
		t.Errorf("foreign card: exit status %d, %s", r.code, r.stderr)
	}
}

// foreignCard is a card that knows no applet. ready is closed when pcscd has asked for its ATR for the third time, and
// so has made it known.
func foreignCard(conn net.Conn, ready chan struct{}) {
	asked := 0
	for {
		var size [2]byte
		if _, err := readFull(conn, size[:]); err != nil {
			return
		}
		frame := make([]byte, int(size[0])<<8|int(size[1]))
		if _, err := readFull(conn, frame); err != nil {
			return
		}
		var answer []byte
		switch {
		case len(frame) > 1:
			answer = []byte{0x6a, 0x82}
		case frame[0] == 4:
			answer = []byte{0x3b, 0x00}
			if asked++; asked == 3 {
				close(ready)
			}
		default:
			continue
		}
		conn.Write(append([]byte{0, byte(len(answer))}, answer...))
	}
}

func readFull(conn net.Conn, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := conn.Read(b[n:])
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

// TestTwoReaders: two keys behind one pcscd.
func TestTwoReaders(t *testing.T) {
	m := newMachine(t)
	m.file("aws.txt", s20)
	m.insert(virtualkey.Options{Serial: 11111111}, 0)
	m.insert(virtualkey.Options{Serial: 22222222}, 1)
	if r := m.ykmfa("add", "aws", "--secret-from", "file:aws.txt"); r.code != 2 || !strings.Contains(r.stderr, "2 keys") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
	m.must("--key", "22222222", "add", "aws", "--secret-from", "file:aws.txt")
	if got := m.must("code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("the key that holds the account: %q", got)
	}
	if got := m.must("--key", "CCID 00 01", "code", "aws", "--at", "59"); got != "287082" {
		t.Errorf("by the reader's name: %q", got)
	}
	if r := m.ykmfa("--key", "11111111", "code", "aws"); r.code != 6 || !strings.Contains(r.stderr, "not on YubiKey 11111111") {
		t.Errorf("exit status %d, %s", r.code, r.stderr)
	}
}
