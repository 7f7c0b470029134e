//go:build linux && !libpcsclite

package pcsc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// message is what a client sent to a fake pcscd.
type message struct {
	command uint32
	body    []byte
}

// fakePcscd answers as serve says, on every connection in turn, until the test ends.
func fakePcscd(t *testing.T, serve func(conn net.Conn, next func() (message, error))) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "pcscd.comm")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PCSCLITE_CSOCK_NAME", socket)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn, func() (message, error) { return receive(conn) })
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
}

func receive(conn net.Conn) (message, error) {
	header := make([]byte, 8)
	if _, err := io.ReadFull(conn, header); err != nil {
		return message{}, err
	}
	m := message{word(header, 4), make([]byte, word(header, 0))}
	_, err := io.ReadFull(conn, m.body)
	return m, err
}

// answerAll gives every command the same answer as pcscd would, but for transmit.
func answerAll(conn net.Conn, next func() (message, error), transmit func(message)) {
	for {
		m, err := next()
		if err != nil {
			return
		}
		switch m.command {
		case cmdEstablishContext:
			binary.NativeEndian.PutUint32(m.body[4:], 7)
		case cmdGetReadersState:
			m.body = make([]byte, maxReaders*stateSize)
			copy(m.body, "reader")
			binary.NativeEndian.PutUint32(m.body[maxName+4:], statePresent)
		case cmdTransmit:
			transmit(m)
			continue
		}
		conn.Write(m.body)
	}
}

// TestOtherPcscd: a pcscd of another minor version says which one it speaks, and gets the nearest that is known.
func TestOtherPcscd(t *testing.T) {
	const stopped = 0x8010001e // SCARD_E_SERVICE_STOPPED
	for theirs, want := range map[uint32]uint32{3: 3, 5: 5, 6: 5} {
		fakePcscd(t, func(conn net.Conn, next func() (message, error)) {
			m, err := next()
			if err != nil || m.command != cmdVersion || word(m.body, 0) != 4 {
				t.Errorf("first message: %+v, %v", m, err)
				return
			}
			if word(m.body, 4) != want {
				conn.Write(words(4, theirs, stopped))
				return
			}
			conn.Write(m.body)
			answerAll(conn, next, nil)
		})
		c, err := Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if names, err := c.Readers(t.Context()); err != nil || len(names) != 1 || names[0] != "reader" {
			t.Errorf("version 4.%d: readers %q, %v", theirs, names, err)
		}
		c.Close()
	}
}

// TestForeignPcscd: nothing is known of other major versions, or of old ones.
func TestForeignPcscd(t *testing.T) {
	testForeign(t, 5, 0)
	testForeign(t, 4, 2)
}

func testForeign(t *testing.T, major, minor uint32) {
	connections := 0
	fakePcscd(t, func(conn net.Conn, next func() (message, error)) {
		connections++
		next()
		conn.Write(words(major, minor, 0x8010001e))
	})
	c, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Readers(t.Context()); !errors.Is(err, ErrNoService) || connections != 1 {
		t.Errorf("error %v after %d connections", err, connections)
	}
}

// TestRefused: pcscd closes the connection when polkit says no, and goes on listening.
func TestRefused(t *testing.T) {
	fakePcscd(t, func(conn net.Conn, next func() (message, error)) {})
	c, err := Connect(t.Context())
	if err == nil {
		_, err = c.Readers(t.Context())
	}
	var e *Error
	if !errors.Is(err, ErrDenied) || !errors.As(err, &e) || e.Call != "SCardEstablishContext" {
		t.Errorf("error %v", err)
	}
}

// TestBadAnswers: lengths that pcscd cannot mean, and a connection that ends in the middle, are errors of the service.
func TestBadAnswers(t *testing.T) {
	for name, answer := range map[string][]byte{
		"longer than any":   append(words(0, 0, 0, 0, 0, 0, 0xffffffff, 0), 0x90, 0x00),
		"shorter than said": append(words(0, 0, 0, 0, 0, 0, 100, 0), 0x90, 0x00),
		"half a message":    words(0, 0, 0),
	} {
		fakePcscd(t, func(conn net.Conn, next func() (message, error)) {
			answerAll(conn, next, func(message) {
				conn.Write(answer)
				conn.Close()
			})
		})
		c, err := Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		card, err := c.Open(t.Context(), "reader")
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := card.Transmit([]byte{0, 0xa4, 4, 0}); !errors.Is(err, ErrNoService) || resp != nil {
			t.Errorf("%s: %x, %v", name, resp, err)
		}
		if err := card.Close(); err != nil {
			t.Errorf("%s: closing: %v", name, err)
		}
		c.Close()
	}
}

// TestPcscdEndsInGreeting: a pcscd of another version that is gone when it is hailed again.
func TestPcscdEndsInGreeting(t *testing.T) {
	var socket string
	fakePcscd(t, func(conn net.Conn, next func() (message, error)) {
		next()
		os.Remove(socket)
		conn.Write(words(4, 3, uint32(codeNoService)))
	})
	socket = socketPath()
	c, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Readers(t.Context()); !errors.Is(err, ErrNoService) || c.Links() != 0 {
		t.Errorf("error %v, %d connections", err, c.Links())
	}
}

// TestClosedCard: a card that was closed transmits nothing.
func TestClosedCard(t *testing.T) {
	fakePcscd(t, func(conn net.Conn, next func() (message, error)) { answerAll(conn, next, nil) })
	c, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	card, err := c.Open(t.Context(), "reader")
	if err != nil {
		t.Fatal(err)
	}
	card.Close()
	if _, err := card.Transmit([]byte{0, 0xa4, 4, 0}); !errors.Is(err, ErrRemoved) {
		t.Errorf("Transmit: %v", err)
	}
}

// TestAnswerAsContextEnds: a context that ends when the answer is there leaves a card that can be closed.
func TestAnswerAsContextEnds(t *testing.T) {
	answered := make(chan bool)
	fakePcscd(t, func(conn net.Conn, next func() (message, error)) {
		answerAll(conn, next, func(m message) {
			io.ReadFull(conn, make([]byte, word(m.body, 12))) // the command APDU
			binary.NativeEndian.PutUint32(m.body[24:], 2)
			conn.Write(append(m.body, 0x90, 0))
			answered <- true
		})
	})
	c, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-answered
			cancel()
		}()
		card, err := c.Open(ctx, "reader")
		if err != nil {
			t.Fatal(err)
		}
		_, err = card.Transmit([]byte{0, 0xa4, 4, 0})
		if closed := card.Close(); err == nil && closed != nil {
			t.Fatalf("closing: %v", closed)
		}
		<-ctx.Done()
	}
}
