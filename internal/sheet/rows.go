package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// row is a line without what stands there for the eye, in upper case.
type row struct {
	chars    []byte
	numbered bool // the first of chars is a digit that stands alone: a line's number
}

func wipeRows(rows []row) {
	for _, r := range rows {
		clear(r.chars)
	}
}

// readRows leaves out empty lines and comments.
func readRows(text []byte) (rows []row) {
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("#")) {
			continue
		}
		if r := readRow(line); len(r.chars) > 0 {
			rows = append(rows, r)
		}
	}
	return rows
}

func readRow(line []byte) row {
	r := row{chars: make([]byte, 0, len(line))}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case bytes.IndexByte([]byte(" \t\r-.:)"), c) >= 0:
			r.numbered = r.numbered || len(r.chars) == 1 && '0' <= r.chars[0] && r.chars[0] <= '9'
		case bytes.HasPrefix(line[i:], []byte("\u00a0")): // from web pages
			i++
		case 'a' <= c && c <= 'z':
			r.chars = append(r.chars, c-'a'+'A')
		default:
			r.chars = append(r.chars, c)
		}
	}
	return r
}

// cutPrefix takes the prefix off the first row, and the row itself when there is nothing else in it.
func cutPrefix(rows []row) (body []row, found bool) {
	if len(rows) == 0 {
		return nil, false
	}
	rest, found := bytes.CutPrefix(rows[0].chars, bytes.ReplaceAll([]byte(prefix), []byte("-"), nil))
	if !found {
		return rows, false
	}
	if len(rest) == 0 {
		return rows[1:], true
	}
	return append([]row{{chars: rest}}, rows[1:]...), true
}

// joinRows returns the characters behind the prefix, checked.
func joinRows(rows []row, prefixed bool) ([]byte, error) {
	if whole := joinWhole(rows); whole != nil {
		return checkWhole(whole)
	}
	rows = splitRow(rows)
	if err := countRows(rows, prefixed); err != nil {
		return nil, err
	}
	data, err := joinLines(rows)
	if err == nil && !validIdentity(data) {
		err = errors.New("every line is right by itself, but together they are no identity: lines of two sheets, or errors that hide each other")
	}
	if err != nil {
		clear(data)
		return nil, err
	}
	return data, nil
}

// joinWhole returns a copy of the characters, when there are as many as without check characters. In a single row, a
// digit that stands alone is one of them.
func joinWhole(rows []row) []byte {
	whole := make([]byte, 0, maxTyped)
	for _, r := range rows {
		if r.numbered && len(rows) > 1 {
			whole = append(whole, r.chars[1:]...)
		} else {
			whole = append(whole, r.chars...)
		}
	}
	if len(whole) != dataLength {
		clear(whole)
		return nil
	}
	return whole
}

func checkWhole(data []byte) ([]byte, error) {
	problem := ""
	switch {
	case bytes.ContainsAny(data, "1BIO"):
		problem = "it " + foreignProblem
	case !validIdentity(data):
		problem = "there is a typing error in it; with the check characters at the end of each line, the line could be named"
	default:
		return data, nil
	}
	clear(data)
	return nil, errors.New(problem)
}

// splitRow makes lines of a typed form that came in one, with the numbers or without.
func splitRow(rows []row) []row {
	all := rows[0].chars
	if len(rows) != 1 || len(all) != dataLength+lines*checks && len(all) != dataLength+lines*(checks+1) {
		return rows
	}
	rows = nil
	for part := range slices.Chunk(all, len(all)/lines+1) {
		rows = append(rows, row{chars: part})
	}
	return rows
}

// countRows refuses what is no typed form at all. When lines are missing, it is for joinLines to say which.
func countRows(rows []row, prefixed bool) error {
	switch n := len(rows); {
	case n == 1 && prefixed:
		return fmt.Errorf("it has %d characters behind "+prefix+", where %d are expected", len(rows[0].chars), dataLength)
	case n == 1:
		return fmt.Errorf("it is not "+prefix+" and %d characters", dataLength)
	case n == lines+1 && !prefixed:
		return fmt.Errorf("there are %d lines, and the first is not "+prefix, n)
	case n > lines:
		return fmt.Errorf("there are %d lines, where %d are expected", n, lines)
	}
	return nil
}

// joinLines names every wrong line; only the first when some are missing, as the others are then counted wrongly.
func joinLines(rows []row) (data []byte, err error) {
	data = make([]byte, 0, dataLength)
	for i, r := range rows {
		chars, problem := r.line(i + 1)
		switch {
		case problem != nil && len(rows) < lines:
			return data, problem
		case err != nil && problem != nil:
			err = fmt.Errorf("%w; %w", err, problem)
		case problem != nil:
			err = problem
		}
		data = append(data, chars...)
	}
	if n := len(rows); err == nil && n < lines {
		err = &LineError{n + 1, "is missing"}
	}
	return data, err
}

const foreignProblem = "has a 1, B, I or O, which no identity has: look for 7 or L, 8, J or L, 0"

// line returns the characters of line n without its number and check characters. A digit that stands alone and is n is
// always the number: taken for a character, it would hide that one is missing.
func (r row) line(n int) ([]byte, error) {
	want := min(perLine, dataLength-(n-1)*perLine) + checks
	chars, number := r.chars, byte('0'+n)
	switch {
	case chars[0] == number && (r.numbered || len(chars) == want+1):
		chars = chars[1:]
	case r.numbered && len(chars) != want:
		return nil, &LineError{n, "has another number in front of it: is a line missing, or in another's place?"}
	}
	if len(chars) != want {
		return nil, &LineError{n, fmt.Sprintf("has %d characters, where %d are expected", len(chars), want)}
	}
	switch {
	case bytes.ContainsAny(chars, "1BIO"):
		return nil, &LineError{n, foreignProblem}
	case foreign(chars):
		return nil, &LineError{n, "has something in it that is neither a letter nor a digit"}
	case remainder(n, chars) != 0:
		return nil, &LineError{n, "has a typing error"}
	}
	return chars[:want-checks], nil
}
