package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
)

// vpcd listens as vpcd does.
func vpcd(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// accept waits for the card and asks for its ATR, so that it is known to be served.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, conn, "\x04"); !strings.Contains(got, "YubiKey") {
		t.Fatalf("ATR %q", got)
	}
	return conn
}

func ask(t *testing.T, conn net.Conn, frame string) string {
	t.Helper()
	if _, err := io.WriteString(conn, "\x00"+string(rune(len(frame)))+frame); err != nil {
		t.Fatal(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size[1])
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newKey(t *testing.T, o virtualkey.Options) *virtualkey.Key {
	t.Helper()
	k, err := virtualkey.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestServeUntilInterrupted(t *testing.T) {
	l := vpcd(t)
	ctx, cancel := context.WithCancel(context.Background())
	var talk bytes.Buffer
	done := make(chan error)
	go func() {
		done <- serve(ctx, newKey(t, virtualkey.Options{Serial: 42, Firmware: "5.4.3"}), l.Addr().String(), &talk)
	}()
	conn := accept(t, l)
	if got := ask(t, conn, "\x00\xa1\x00\x00\x00"); got != "\x6d\x00" {
		t.Errorf("LIST before SELECT: %x", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	if want := "virtual YubiKey 42 (firmware 5.4.3) on " + l.Addr().String() + "\n"; talk.String() != want {
		t.Errorf("said %q", talk.String())
	}
}

func TestServeEndsWithTheReader(t *testing.T) {
	l := vpcd(t)
	done := make(chan error)
	go func() {
		done <- serve(context.Background(), newKey(t, virtualkey.Options{}), l.Addr().String(), io.Discard)
	}()
	accept(t, l).Close()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "closed the connection") {
		t.Errorf("%v", err)
	}
}

func TestServeEndsWithTheCard(t *testing.T) {
	l := vpcd(t)
	done := make(chan error)
	k := newKey(t, virtualkey.Options{Faults: []virtualkey.Fault{{Kind: virtualkey.Vanish, At: 1}}})
	go func() { done <- serve(context.Background(), k, l.Addr().String(), io.Discard) }()
	conn := accept(t, l)
	if _, err := io.WriteString(conn, "\x00\x04\x00\xa1\x00\x00"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("%v", err)
	}
}

func TestInterruptedWithoutVPCD(t *testing.T) {
	l := vpcd(t)
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := serve(ctx, newKey(t, virtualkey.Options{}), addr, io.Discard); err != nil {
		t.Errorf("%v", err)
	}
}

func TestKeyOptions(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	o := keyOptions{touch: "now", serial: 7, faults: []string{"cut@1", "vanish@2"}}
	k, err := o.open()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if found, err := filepath.Glob(filepath.Join(dir, "ykmfa", "vkey.json")); err != nil || len(found) != 1 {
		t.Errorf("no state file in %s", dir)
	}
	for name, bad := range map[string]keyOptions{
		"two keys, one serial": {touch: "now", serial: 7, states: []string{"", ""}},
		"touch":                {touch: "soon"},
		"fault":                {touch: "now", faults: []string{"melt@1"}},
		"firmware":             {touch: "now", firmware: "6", states: []string{""}},
	} {
		if keys, err := bad.openAll(); err == nil {
			closeAll(keys)
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := (&keyOptions{touch: "now", states: []string{"", ""}}).open(); err == nil {
		t.Error("serve with two keys: no error")
	}
	keys, err := (&keyOptions{touch: "now", states: []string{"", ""}}).openAll()
	if err != nil || len(keys) != 2 || keys[0].Serial() == keys[1].Serial() {
		t.Errorf("two keys: %v", err)
	}
	closeAll(keys)
}
