package transfer

import (
	"encoding/hex"
	"strings"
)

// commonName is the CN of a distinguished name (RFC 4514 section 3), or the whole text where it has none.
func commonName(s string) string {
	for rest := s; rest != ""; {
		var value string
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		value, rest = attributeValue(after)
		if strings.EqualFold(strings.TrimSpace(name), "CN") {
			return value
		}
	}
	return s
}

// attributeValue takes the backslashes out of a value, up to the comma or plus sign behind it.
func attributeValue(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ',' || c == '+' || c == ';':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			if pair, err := hex.DecodeString(s[i+1 : min(i+3, len(s))]); err == nil && len(pair) == 1 {
				b.Write(pair)
				i += 2
				continue
			}
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
