package oath

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"

	"ykmfa/internal/iso7816"
)

// Card exchanges one command APDU for one response APDU, status word included.
type Card interface {
	Transmit(command []byte) (response []byte, err error)
}

// Instructions and tags of the applet.
const (
	insPut           = 0x01
	insDelete        = 0x02
	insSetCode       = 0x03
	insReset         = 0x04
	insRename        = 0x05
	insList          = 0xa1
	insCalculate     = 0xa2
	insValidate      = 0xa3
	insSelect        = 0xa4
	insCalculateAll  = 0xa4 // told from SELECT by P1
	insSendRemaining = 0xa5

	tagName      = 0x71
	tagNameList  = 0x72
	tagKey       = 0x73
	tagChallenge = 0x74
	tagResponse  = 0x75
	tagTruncated = 0x76
	tagHOTP      = 0x77
	tagProperty  = 0x78
	tagVersion   = 0x79
	tagIMF       = 0x7a
	tagAlgorithm = 0x7b
	tagTouch     = 0x7c
)

var names = [256]string{
	insPut: "PUT", insDelete: "DELETE", insSetCode: "SET CODE", insReset: "RESET", insRename: "RENAME", insList: "LIST",
	insCalculate: "CALCULATE", insValidate: "VALIDATE", insSelect: "SELECT", insSendRemaining: "SEND REMAINING",
}

// aid selects the applet; the NEO's longer one begins with it.
var aid = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01}

// maxResponse bounds what a chain of answers may add up to. 64 credentials make less than 9 kB.
const maxResponse = 1 << 16

// Session is the selected applet. It is not safe for concurrent use, and ends when anything else is selected on the
// card or when the card is reset.
type Session struct {
	Version   Version   // firmware, or the applet's own version on a NEO
	Salt      []byte    // random, new after every RESET; salt of DeriveKey
	Challenge []byte    // for Validate; nil when no access key is set
	Algorithm Algorithm // of the access key's HMAC

	// Rand is where host challenges come from; nil means crypto/rand.
	Rand io.Reader

	card   Card
	locked bool
	flush  bool // the next command needs a dummy before it
}

// Select selects the applet. It fails with ErrNoApplet on a card that has none.
func Select(card Card) (*Session, error) {
	s := &Session{card: card}
	if err := s.Select(); err != nil {
		return nil, err
	}
	return s, nil
}

// Select selects the applet again: its lock closes and there is a new Challenge.
func (s *Session) Select() error {
	resp, err := s.send(iso7816.Command{INS: insSelect, P1: 0x04, Data: aid})
	if err != nil {
		return err
	}
	return s.parseSelect(resp)
}

// parseSelect takes the tags in any order and skips those that it does not know.
func (s *Session) parseSelect(resp []byte) error {
	s.Challenge, s.Salt, s.Algorithm = nil, nil, SHA1 // applets of NEOs before 1.0.0 do not say: SHA-1
	var version []byte
	for in := iso7816.String(resp); !in.Empty(); {
		var tag byte
		var value []byte
		if !in.ReadTLV(&tag, &value) {
			return corrupt("SELECT")
		}
		switch {
		case tag == tagVersion:
			version = value
		case tag == tagName:
			s.Salt = slices.Clone(value)
		case tag == tagChallenge:
			s.Challenge = slices.Clone(value)
		case tag == tagAlgorithm && len(value) == 1:
			s.Algorithm = Algorithm(value[0] & 0x0f) // with or without the type nibble, depending on who set the key
		}
	}
	if len(version) != len(s.Version) || len(s.Salt) == 0 {
		return corrupt("SELECT")
	}
	s.Version = Version(version)
	s.locked = s.Challenge != nil
	return nil
}

// Locked reports whether Validate is needed before anything but RESET works.
func (s *Session) Locked() bool { return s.locked }

// HasPassword reports whether an access key was set when the applet was selected.
func (s *Session) HasPassword() bool { return s.Challenge != nil }

// DeviceID names the key between two RESETs, without asking for its serial number: 22 characters of base64, as in all
// of Yubico's programs.
func (s *Session) DeviceID() string {
	sum := sha256.Sum256(s.Salt)
	return base64.RawStdEncoding.EncodeToString(sum[:16])
}

// Capacity returns how many credentials the key holds, or 0 where that depends on their sizes or is not known.
func (s *Session) Capacity() int {
	switch v := s.Version; {
	case v.Less(Version{4}), !v.Less(Version{6}):
		return 0 // a NEO counts bytes; what reports 6 and above is not a YubiKey
	case v.Less(Version{5, 7, 0}):
		return 32
	}
	return 64
}

// Reset wipes the applet: every credential and the access key. It needs no unlocking.
func (s *Session) Reset() error {
	if _, err := s.send(iso7816.Command{INS: insReset, P1: 0xde, P2: 0xad}); err != nil {
		return err
	}
	return s.Select()
}

// send exchanges one command and joins the parts of its answer.
func (s *Session) send(c iso7816.Command) ([]byte, error) {
	if s.flush {
		s.flush = false
		s.card.Transmit(make([]byte, 5)) // see stuck
	}
	resp, status, err := exchange(s.card, c, insSendRemaining)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", commandName(c), err)
	}
	s.flush = s.stuck(len(resp))
	if status != statusOK {
		return nil, s.statusError(commandName(c), status)
	}
	return resp, nil
}

// stuck reports whether bytes of an answer that long stay behind in the reader of firmware 4.2.0 to 4.2.6, and would
// be taken for the answer to the next command.
func (s *Session) stuck(n int) bool {
	return n > 54 && !s.Version.Less(Version{4, 2, 0}) && s.Version.Less(Version{4, 2, 7})
}

// exchange sends c and collects 61xx continuations with the instruction next.
func exchange(card Card, c iso7816.Command, next byte) ([]byte, uint16, error) {
	resp, status, err := iso7816.Exchange(card.Transmit, c, next, maxResponse)
	switch {
	case errors.Is(err, iso7816.ErrAnswer):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, iso7816.ErrLength):
		err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return resp, status, err
}

func commandName(c iso7816.Command) string {
	if c.INS == insCalculateAll && c.P1 == 0 {
		return "CALCULATE ALL"
	}
	return names[c.INS]
}

func corrupt(command string) error { return fmt.Errorf("%s: %w", command, ErrCorrupt) }

// challenge draws a host challenge. Eight bytes are the most that every applet takes.
func (s *Session) challenge() ([]byte, error) {
	r := s.Rand
	if r == nil {
		r = rand.Reader
	}
	c := make([]byte, 8)
	if _, err := io.ReadFull(r, c); err != nil {
		return nil, fmt.Errorf("drawing a challenge: %w", err)
	}
	return c, nil
}
