// Package iso7816 has the two encodings that every applet on a YubiKey shares: command and response APDUs
// (ISO/IEC 7816-4) and the TLV objects inside them. It knows no instruction of any applet.
package iso7816

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrLength means that fewer bytes are there than a length field announces (status 6700 on a card).
var ErrLength = errors.New("iso7816: wrong length")

// MaxData is how many bytes of data a short command APDU carries.
const MaxData = 255

// Command is a command APDU without its encoding.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
}

// Bytes encodes c as a short APDU: header, Lc and data, or header and Le=00 when there is no data.
// Data above MaxData is ErrLength.
func (c Command) Bytes() ([]byte, error) {
	if len(c.Data) > MaxData {
		return nil, fmt.Errorf("%w: %d bytes of data in a short APDU", ErrLength, len(c.Data))
	}
	return append([]byte{c.CLA, c.INS, c.P1, c.P2, byte(len(c.Data))}, c.Data...), nil
}

// ParseCommand decodes any command APDU that a client sends: bare header, short and extended, with and without Le.
// Le is dropped. The data aliases b.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("%w: %d bytes of APDU", ErrLength, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body, n := b[4:], 0
	switch {
	case len(body) <= 1: // bare header, or Le
		return c, nil
	case body[0] == 0 && len(body) == 3: // extended Le
		return c, nil
	case body[0] == 0 && len(body) > 3: // extended Lc
		n, body = int(binary.BigEndian.Uint16(body[1:])), body[3:]
	default:
		n, body = int(body[0]), body[1:]
	}
	if n > len(body) {
		return Command{}, fmt.Errorf("%w: %d bytes announced, %d present", ErrLength, n, len(body))
	}
	c.Data = body[:n]
	return c, nil
}

// SplitResponse takes a response APDU apart into its data, which alias b, and its status word.
func SplitResponse(b []byte) (data []byte, status uint16, err error) {
	if len(b) < 2 {
		return nil, 0, fmt.Errorf("%w: %d bytes of response", ErrLength, len(b))
	}
	n := len(b) - 2
	return b[:n], binary.BigEndian.Uint16(b[n:]), nil
}
