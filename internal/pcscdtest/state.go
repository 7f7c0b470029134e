package pcscdtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// The few messages of pcscd's own protocol that tell the state of readers without the PC/SC library: a header of two
// 32-bit words in the machine's order, the size of what follows and the command, then that.
const (
	cmdVersion       = 0x11
	cmdReadersState  = 0x12
	protocolMajor    = 4
	protocolMinor    = 4
	maxReaders       = 16
	statePresent     = 0x0004
	readerStateBytes = 128 + 4 + 4 + 4 + 36 + 4 + 4 // name, events, state, sharing, ATR, its length, protocol
)

// present asks pcscd whether a card is in a slot.
func (p *PCSCD) present(slot int) (bool, error) {
	conn, err := net.Dial("unix", p.Socket)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	version := make([]byte, 12)
	binary.NativeEndian.PutUint32(version[0:], protocolMajor)
	binary.NativeEndian.PutUint32(version[4:], protocolMinor)
	if _, err := ask(conn, cmdVersion, version, len(version)); err != nil {
		return false, err
	}
	states, err := ask(conn, cmdReadersState, nil, maxReaders*readerStateBytes)
	if err != nil {
		return false, err
	}
	for len(states) > 0 {
		name, _, _ := bytes.Cut(states[:128], []byte{0})
		if string(name) == p.Reader(slot) {
			return binary.NativeEndian.Uint32(states[132:])&statePresent != 0, nil
		}
		states = states[readerStateBytes:]
	}
	return false, fmt.Errorf("pcscd has no reader %q", p.Reader(slot))
}

func ask(conn net.Conn, command uint32, body []byte, answer int) ([]byte, error) {
	message := binary.NativeEndian.AppendUint32(nil, uint32(len(body)))
	message = binary.NativeEndian.AppendUint32(message, command)
	if _, err := conn.Write(append(message, body...)); err != nil {
		return nil, err
	}
	out := make([]byte, answer)
	_, err := io.ReadFull(conn, out)
	return out, err
}
