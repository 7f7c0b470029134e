package account

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ykmfa/oath"
)

// The state file is lines of words. It is read for every code, and so has a format that is read in microseconds:
//
//	key DEVICE SERIAL FIRMWARE FORM
//	credential DEVICE ID TYPE TOUCH VERIFIED
//	spent ID PERIOD
//	allowed REFERENCE
//
// Ids are in hexadecimal, TYPE is the nibble of the protocol, TOUCH is yes, no or "?", VERIFIED is Unix seconds or 0, and
// FIRMWARE, FORM and REFERENCE are quoted as in Go.

var errLine = errors.New("a line makes no sense")

// encode writes the state in an order of its own, so that the same state is the same text.
func (s *State) encode() []byte {
	var b []byte
	for _, device := range slices.Sorted(maps.Keys(s.Keys)) {
		k := s.Keys[device]
		b = fmt.Appendf(b, "key %s %d %q %q\n", device, k.Serial, k.Firmware, k.Form)
		for _, c := range k.All() {
			verified := int64(0)
			if !c.Verified.IsZero() {
				verified = c.Verified.Unix()
			}
			b = fmt.Appendf(b, "credential %s %x %d %s %d\n", device, c.ID, c.Type, touchWord(c.Touch), verified)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.Spent)) {
		b = fmt.Appendf(b, "spent %x %d\n", id, s.Spent[id])
	}
	for _, ref := range s.Allowed {
		b = fmt.Appendf(b, "allowed %q\n", ref)
	}
	return b
}

func touchWord(touch *bool) string {
	switch {
	case touch == nil:
		return "?"
	case *touch:
		return "yes"
	}
	return "no"
}

func parseState(data []byte) (*State, error) {
	s := &State{}
	for line := range strings.Lines(string(data)) {
		if err := s.parseLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *State) parseLine(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "key":
		return s.parseKey(rest)
	case "credential":
		return s.parseCredential(rest)
	case "spent":
		return s.parseSpent(rest)
	case "allowed":
		ref, err := strconv.Unquote(rest)
		if err != nil {
			return errLine
		}
		s.Allowed = append(s.Allowed, ref)
		return nil
	}
	return errLine
}

func (s *State) parseKey(rest string) error {
	device, rest, _ := strings.Cut(rest, " ")
	text, rest, _ := strings.Cut(rest, " ")
	serial, err := strconv.ParseUint(text, 10, 32)
	quoted, errQuote := strconv.QuotedPrefix(rest)
	if device == "" || err != nil || errQuote != nil {
		return errLine
	}
	firmware, err := strconv.Unquote(quoted)
	form, errForm := strconv.Unquote(strings.TrimPrefix(rest[len(quoted):], " "))
	if err != nil || errForm != nil {
		return errLine
	}
	k := s.Key(device)
	k.Serial, k.Firmware, k.Form = uint32(serial), firmware, form
	return nil
}

func (s *State) parseCredential(rest string) error {
	words := strings.Split(rest, " ")
	if len(words) != 5 || words[0] == "" {
		return errLine
	}
	id, err := hex.DecodeString(words[1])
	typ, errType := strconv.ParseUint(words[2], 10, 8)
	verified, errVerified := strconv.ParseInt(words[4], 10, 64)
	if err != nil || errType != nil || errVerified != nil {
		return errLine
	}
	c := s.Key(words[0]).SetCredential(id)
	c.Type = oath.Type(typ)
	if words[3] != "?" {
		touch := words[3] == "yes"
		c.Touch = &touch
	}
	if verified != 0 {
		c.Verified = time.Unix(verified, 0).UTC()
	}
	return nil
}

func (s *State) parseSpent(rest string) error {
	text, number, _ := strings.Cut(rest, " ")
	id, err := hex.DecodeString(text)
	period, errPeriod := strconv.ParseUint(number, 10, 64)
	if err != nil || errPeriod != nil {
		return errLine
	}
	s.Spend(id, period)
	return nil
}
