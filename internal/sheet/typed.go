package sheet

import (
	"bytes"
	"errors"
	"fmt"
)

// The typed form is the identity without its prefix, in five numbered lines of twelve characters (the last has ten),
// each with two check characters behind it:
//
//	1  GFPY YSJZ GFPY  3K
//
// A line with its check characters, read as a number in base 32, plus the number of the line, is a multiple of 1021:
// the largest prime below 32², as ISO 7064 does it with 97 and two decimal digits. No wrong character goes through, as
// 1021 does not divide d·32^i for d < 32; no exchange of two neighbours, nor of two with one between, as it does not
// divide 31 or 1023; no line in the place of another. Of all other mistakes one in 1021 goes through, and meets the
// checksum of bech32 over the whole.
const (
	modulus = 1021
	perLine = 12
	group   = 4
	checks  = 2
	lines   = (dataLength + perLine - 1) / perLine
)

// Lines is how many lines the typed form has.
const Lines = lines

// errIdentity does not say what was given: it may be a secret of another kind.
var errIdentity = errors.New("not an age identity: " + prefix + " and 58 characters")

// Typed returns the lines of the typed form. The prefix, which stands above them, is not among them.
func Typed(identity []byte) ([][]byte, error) {
	data, ok := bytes.CutPrefix(bytes.TrimSpace(identity), []byte(prefix))
	if !ok || !validIdentity(data) {
		return nil, errIdentity
	}
	form := make([][]byte, 0, lines)
	for n := 1; len(data) > 0; n++ {
		chars := data[:min(perLine, len(data))]
		data = data[len(chars):]
		form = append(form, typedLine(n, chars))
	}
	return form, nil
}

func typedLine(n int, chars []byte) []byte {
	line := make([]byte, 0, 32)
	line = append(line, byte('0'+n), ' ')
	for i, c := range chars {
		if i%group == 0 {
			line = append(line, ' ')
		}
		line = append(line, c)
	}
	check := (modulus - remainder(n, chars, []byte{alphabet[0], alphabet[0]})) % modulus
	return append(line, ' ', ' ', alphabet[check>>5], alphabet[check&31])
}

// remainder is 0 for a line that is right.
func remainder(n int, parts ...[]byte) uint32 {
	r := uint32(0)
	for _, part := range parts {
		for _, c := range part {
			r = (r<<5 + value(c)) % modulus
		}
	}
	return (r + uint32(n)) % modulus
}

// LineError says in which line of the typed form the typing error is, and nothing of what is in it.
type LineError struct {
	Line    int
	Problem string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d %s", e.Line, e.Problem) }

// maxTyped bounds what is read as a typed form: enough for an identity file with comments.
const maxTyped = 8 << 10

// ParseTyped reads an identity back: the lines of the typed form, with or without their numbers, blanks, hyphens and
// the prefix, in any case; or the whole in one line, as in a QR code or an identity file, whose comments are passed
// over. What could be meant by a character that does not exist is hinted at, never put right.
//
// An error in lines with check characters holds a *LineError for each that is wrong. No error holds a piece of text.
func ParseTyped(text []byte) ([]byte, error) {
	if len(text) > maxTyped {
		return nil, fmt.Errorf("%d bytes are too many for one identity", len(text))
	}
	rows := readRows(text)
	defer wipeRows(rows)
	body, prefixed := cutPrefix(rows)
	if len(body) == 0 {
		return nil, errors.New("there is no identity in it")
	}
	data, err := joinRows(body, prefixed)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	return append([]byte(prefix), data...), nil
}

// CheckLine says what is wrong with line n of the typed form alone, for a program that asks line by line.
func CheckLine(n int, line []byte) error {
	rows := readRows(line)
	defer wipeRows(rows)
	if n < 1 || n > lines || len(rows) != 1 {
		return &LineError{n, "is not one line"}
	}
	_, err := rows[0].line(n)
	return err
}
