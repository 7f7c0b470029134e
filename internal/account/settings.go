package account

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"ykmfa/oath"
)

// setting is one key that ykmfa writes. An empty value means that the key is left out.
type setting struct{ key, value string }

// settings has every key that ykmfa writes; defaults are left out.
func settings(acc Account) []setting {
	s := []setting{
		{"id", quote(string(acc.ID))}, {"id_hex", ""}, {"backup", ""}, {"touch", ""}, {"type", ""}, {"algorithm", ""},
		{"digits", ""}, {"period", ""}, {"counter", ""},
	}
	set := func(key, value string, when bool) {
		for i := range s {
			if s[i].key == key && when {
				s[i].value = value
			}
		}
	}
	if !showable(acc.ID) {
		s[0].value, s[1].value = "", quote(hex.EncodeToString(acc.ID))
	}
	set("backup", quote(acc.Backup), acc.Backup != "")
	set("touch", "true", acc.Touch)
	set("type", quote(acc.Type.String()), acc.Type == oath.HOTP)
	set("algorithm", quote(acc.Algorithm.String()), acc.Algorithm > oath.SHA1)
	set("digits", strconv.Itoa(acc.Digits), acc.Digits != 0 && acc.Digits != 6)
	seconds := int(acc.Period / time.Second)
	set("period", strconv.Itoa(seconds), acc.Type != oath.HOTP && seconds != 0 && seconds != 30)
	set("counter", strconv.FormatUint(acc.Counter, 10), acc.Counter != 0)
	return s
}

// quote writes a TOML basic string, with escapes for what a terminal could take for something else.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteKey writes a key, bare where TOML allows.
func quoteKey(s string) string {
	const bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	if s != "" && strings.Trim(s, bare) == "" {
		return s
	}
	return quote(s)
}
