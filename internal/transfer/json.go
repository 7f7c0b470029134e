package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// errors of JSON as a whole; encoding/json's own would repeat pieces of the file.
var (
	errSyntax = errors.New("its JSON is damaged or cut short")
	errShape  = errors.New("it is not as this program writes it")
)

// looksJSON reports whether the text begins with the given bracket and has all the keys, at any depth. A key cannot be
// feigned by a text inside of the file: there, quotes are escaped.
func looksJSON(data []byte, bracket byte, keys ...string) bool {
	data = trimBOM(data)
	if len(data) == 0 || data[0] != bracket {
		return false
	}
	for _, key := range keys {
		if !bytes.Contains(data, []byte(strconv.Quote(key))) {
			return false
		}
	}
	return true
}

func trimBOM(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\ufeff")))
}

// parseJSON decodes a whole text of bounded nesting. What v does not name is skipped.
func parseJSON(data []byte, v any) error {
	data = trimBOM(data)
	if err := checkNesting(data); err != nil {
		return err
	}
	if !json.Valid(data) {
		return errSyntax
	}
	if json.Unmarshal(data, v) != nil {
		return errShape
	}
	return nil
}

// parseEntry decodes one of many. encoding/json would put question marks where names are not in UTF-8.
func parseEntry(element raw, v any) error {
	if !utf8.Valid(element) {
		return errors.New("its text is not UTF-8")
	}
	return parseJSON(element, v)
}

func checkNesting(data []byte) error {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfString(data, i)
		case '[', '{':
			if depth++; depth > maxNesting {
				return fmt.Errorf("its JSON is nested deeper than %d levels", maxNesting)
			}
		case ']', '}':
			depth--
		}
	}
	return nil
}

// endOfString is the index of the quote that closes the string begun at i, or of the end of the text.
func endOfString(data []byte, i int) int {
	for i++; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i
}

// raw is a piece of the text that is decoded later. It stays a part of that text, so that there is no copy to wipe:
// json.Unmarshal hands out slices of its argument.
type raw []byte

// UnmarshalJSON implements json.Unmarshaler.
func (r *raw) UnmarshalJSON(data []byte) error {
	*r = data
	return nil
}

// null reports whether the value is missing, or null.
func (r raw) null() bool { return len(r) == 0 || string(r) == "null" }

// each calls do with the elements of a list, from 1. They are decoded one by one: a bad one spoils no other, and a list
// of millions of nothings takes no memory.
func (r raw) each(do func(n int, element raw) error) error {
	switch {
	case r.null():
		return nil
	case r[0] != '[':
		return errShape
	}
	list := r[1 : len(r)-1]
	for n := 1; len(bytes.TrimSpace(list)) > 0; n++ {
		end := endOfElement(list)
		if err := do(n, bytes.TrimSpace(list[:end])); err != nil {
			return err
		}
		list = list[min(end+1, len(list)):]
	}
	return nil
}

// endOfElement is the index of the comma behind the first element of a list that is known to be valid.
func endOfElement(list []byte) int {
	depth := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '"':
			i = endOfString(list, i)
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(list)
}

// text is a string of JSON in bytes that can be wiped. null is empty.
type text []byte

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*t = nil
		return nil
	case len(data) < 2 || data[0] != '"':
		return errShape
	}
	*t = unescape(data[1 : len(data)-1])
	return nil
}

// unescape takes the backslashes out of a valid string (RFC 8259 section 7).
func unescape(s []byte) []byte {
	out := make([]byte, 0, len(s)) // nothing grows
	for len(s) > 0 {
		if s[0] != '\\' {
			out, s = append(out, s[0]), s[1:]
			continue
		}
		switch c := s[1]; c {
		case 'u':
			r, n := unescapeRune(s)
			out, s = utf8.AppendRune(out, r), s[n:]
			continue
		case 'b', 'f', 'n', 'r', 't':
			out = append(out, "\b\f\n\r\t"[strings.IndexByte("bfnrt", c)])
		default:
			out = append(out, c)
		}
		s = s[2:]
	}
	return out
}

// unescapeRune reads \uXXXX, or two of them that are one character in UTF-16, and says how long that was.
func unescapeRune(s []byte) (rune, int) {
	unit := func(s []byte) rune {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return -1
		}
		n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
		if err != nil {
			return -1
		}
		return rune(n)
	}
	first := unit(s)
	if utf16.IsSurrogate(first) {
		if r := utf16.DecodeRune(first, unit(s[6:])); r != utf8.RuneError {
			return r, 12
		}
	}
	return first, 6
}

// number is a whole number of JSON, which some programs write in quotes. null is 0.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	s := string(bytes.Trim(data, `"`))
	if s == "null" || s == "" {
		*n = 0
		return nil
	}
	value, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		float, err := strconv.ParseFloat(s, 64)
		if err != nil || float != float64(int64(float)) || float < -1<<53 || float > 1<<53 {
			return errShape
		}
		value = int64(float)
	}
	*n = number(value)
	return nil
}

// String is the number for otpauth.Fields, where 0 means that none was given, as many programs do.
func (n number) String() string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}
