package pivkey

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"ykmfa/internal/iso7816"
)

// Card exchanges one command APDU for one response APDU, status word included. The response belongs to this package,
// which wipes it.
type Card interface {
	Transmit(command []byte) (response []byte, err error)
}

// Instructions of the applet: 800-73 table 4, and from ff down to f7 Yubico's own.
const (
	insVerify       = 0x20
	insGenerate     = 0x47
	insAuthenticate = 0x87
	insSelect       = 0xa4
	insGetResponse  = 0xc0
	insGetData      = 0xcb
	insPutData      = 0xdb
	insMetadata     = 0xf7
	insSerial       = 0xf8
	insAttest       = 0xf9
	insVersion      = 0xfd

	insOTP     = 0x01 // of the OTP applet
	otpSerial  = 0x10 // P1
	claChained = 0x10 // more of the command follows
)

// maxResponse bounds what a chain of answers may add up to. The largest object on a key has 3 kB.
const maxResponse = 1 << 14

// Session is the selected applet. It is not safe for concurrent use, and ends when anything else is selected on the
// card or when the card is reset.
type Session struct {
	Version Version

	// Rand is where host challenges come from; nil means crypto/rand.
	Rand io.Reader

	card  Card
	fresh bool // the last command was a VERIFY that succeeded
	flush bool // the next command needs a dummy before it
}

// Select selects the applet and asks for its version. It fails with ErrNoApplet on a card that has none, and with
// ErrNotSupported on one whose applet is not Yubico's.
func Select(card Card) (*Session, error) {
	s := &Session{card: card}
	if err := s.selectApplet(); err != nil {
		return nil, err
	}
	version, err := s.send(iso7816.Command{INS: insVersion})
	if err != nil {
		return nil, err
	}
	if len(version) != len(s.Version) {
		return nil, corrupt(insVersion)
	}
	s.Version = Version(version)
	return s, nil
}

func (s *Session) selectApplet() error { return s.selectName(0xa0, 0x00, 0x00, 0x03, 0x08) }

func (s *Session) selectName(aid ...byte) error {
	_, err := s.send(iso7816.Command{INS: insSelect, P1: 0x04, Data: aid})
	return err
}

// Serial asks for the serial number. Before firmware 5 only the OTP applet tells it: PIV is selected again afterwards,
// and the PIN and the management key are needed again. ErrNotSupported: this key does not tell.
func (s *Session) Serial() (uint32, error) {
	if !s.Version.Less(Version{5}) {
		return s.serial(iso7816.Command{INS: insSerial})
	}
	err := s.selectName(0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01)
	var serial uint32
	if err == nil {
		serial, err = s.serial(iso7816.Command{INS: insOTP, P1: otpSerial})
	}
	if back := s.selectApplet(); back != nil {
		return 0, back
	}
	var refused *Error
	if errors.As(err, &refused) {
		return 0, fmt.Errorf("serial number: %w", ErrNotSupported)
	}
	return serial, err
}

func (s *Session) serial(c iso7816.Command) (uint32, error) {
	resp, err := s.send(c)
	if err != nil {
		return 0, err
	}
	if len(resp) != 4 {
		return 0, corrupt(c.INS)
	}
	return binary.BigEndian.Uint32(resp), nil
}

// send exchanges one command and joins the parts of its answer, which the caller may wipe.
func (s *Session) send(c iso7816.Command) ([]byte, error) {
	s.fresh = false
	if s.flush {
		s.flush = false
		s.card.Transmit(make([]byte, 5)) // see stuck
	}
	resp, status, err := exchange(s.card, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", commandName(c.INS), err)
	}
	s.flush = s.stuck(len(resp))
	if status != statusOK {
		clear(resp)
		return nil, &Error{Command: commandName(c.INS), Status: status, meaning: meaning(c.INS, status)}
	}
	return resp, nil
}

// stuck reports whether bytes of an answer that long stay behind in the reader of firmware 4.2.0 to 4.2.6, and would
// be taken for the answer to the next command.
func (s *Session) stuck(n int) bool {
	return n > 54 && !s.Version.Less(Version{4, 2, 0}) && s.Version.Less(Version{4, 2, 7})
}

// exchange sends c, in parts when it is long (command chaining, 800-73 section 3.3 and ISO/IEC 7816-4 section 5.1.1.1).
func exchange(card Card, c iso7816.Command) ([]byte, uint16, error) {
	for len(c.Data) > iso7816.MaxData {
		part := c
		part.CLA, part.Data = claChained, c.Data[:iso7816.MaxData]
		resp, status, err := collect(card, part)
		if err != nil || status != statusOK {
			return nil, status, err
		}
		if len(resp) > 0 {
			return nil, 0, fmt.Errorf("%w: an answer to half a command", ErrCorrupt)
		}
		c.Data = c.Data[iso7816.MaxData:]
	}
	return collect(card, c)
}

// collect sends one short command and joins the parts of its answer. It wipes the parts, which may hold a secret.
func collect(card Card, c iso7816.Command) ([]byte, uint16, error) {
	var part []byte
	defer func() { clear(part) }()
	transmit := func(apdu []byte) (_ []byte, err error) {
		clear(part)
		part, err = card.Transmit(apdu)
		return part, err
	}
	resp, status, err := iso7816.Exchange(transmit, c, insGetResponse, maxResponse)
	switch {
	case errors.Is(err, iso7816.ErrAnswer):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, iso7816.ErrLength):
		err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return resp, status, err
}

func commandName(ins byte) string {
	switch ins {
	case insVerify:
		return "VERIFY"
	case insGenerate:
		return "GENERATE ASYMMETRIC KEY PAIR"
	case insAuthenticate:
		return "GENERAL AUTHENTICATE"
	case insSelect:
		return "SELECT"
	case insGetData:
		return "GET DATA"
	case insPutData:
		return "PUT DATA"
	case insMetadata:
		return "GET METADATA"
	case insAttest:
		return "ATTEST"
	case insVersion:
		return "GET VERSION"
	}
	return "GET SERIAL NUMBER"
}
