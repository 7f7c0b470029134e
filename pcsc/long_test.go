//go:build cgo && linux

package pcsc_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"

	"ykmfa/internal/pcscdtest"
	"ykmfa/pcsc"
)

// plainATR is the ATR of a YubiKey 5 over NFC.
const plainATR = "3b8d80018073c021c057597562694b6579f9"

// plainCard is a card with nothing on it: respond gets a command and gives the answer, until the test ends.
func plainCard(t *testing.T, respond func(command []byte) []byte) {
	t.Helper()
	if daemon == nil {
		pcscdtest.Skip(t)
	}
	if err := daemon.WaitCard(0, false); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", daemon.Addr(0))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		servePlainCard(conn, respond)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
		if err := daemon.WaitCard(0, false); err != nil {
			t.Error(err)
		}
	})
	if err := daemon.WaitCard(0, true); err != nil {
		t.Fatal(err)
	}
}

func servePlainCard(conn net.Conn, respond func([]byte) []byte) {
	atr, _ := hex.DecodeString(plainATR)
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		command := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, command); err != nil {
			return
		}
		answer := atr
		if len(command) > 1 {
			answer = respond(command)
		} else if command[0] != 4 {
			continue
		}
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	}
}

// TestLong: commands and answers of every length that fits into vpcd's 16 bits, the longest extended answer too but for
// three bytes.
func TestLong(t *testing.T) {
	answer := make([]byte, 0xffff)
	for i := range answer {
		answer[i] = byte(i * 7 >> 3)
	}
	arrived, answers := make(chan []byte, 1), make(chan []byte, 1)
	plainCard(t, func(command []byte) []byte {
		arrived <- command
		return <-answers
	})
	card := open(t, connect(t), daemon.Reader(0))
	defer card.Close()
	for _, n := range []int{2, 3, 256, 258, 259, 4096, 0x8000, len(answer)} {
		command := append([]byte{0x00, 0xcb, 0x3f, 0xff}, answer[:max(n, 4)-4]...)
		answers <- answer[:n]
		resp, err := card.Transmit(command)
		if err != nil || !bytes.Equal(resp, answer[:n]) {
			t.Fatalf("%d bytes: got %d, %v", n, len(resp), err)
		}
		if got := <-arrived; !bytes.Equal(got, command) {
			t.Errorf("%d bytes of command: %d arrived", len(command), len(got))
		}
	}
}

// TestNoCommand: nothing to send is an error, not a crash in the binding.
func TestNoCommand(t *testing.T) {
	plainCard(t, func([]byte) []byte { return []byte{0x90, 0x00} })
	card := open(t, connect(t), daemon.Reader(0))
	defer card.Close()
	var e *pcsc.Error
	if _, err := card.Transmit(nil); !errors.As(err, &e) || e.Code != 0x80100004 { // SCARD_E_INVALID_PARAMETER
		t.Errorf("error %v", err)
	}
	if resp, err := card.Transmit([]byte{0, 0, 0, 0}); err != nil || !bytes.Equal(resp, []byte{0x90, 0x00}) {
		t.Errorf("afterwards: %x, %v", resp, err)
	}
}
