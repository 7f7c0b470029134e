package otpauth

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ykmfa/oath"
)

// FeatureError says what a URI, or an entry of an export, asks for that no YubiKey can do.
type FeatureError struct {
	Feature string
}

func (e *FeatureError) Error() string {
	return fmt.Sprintf("it asks for %s, which a YubiKey cannot hold", e.Feature)
}

// ParseURI reads an otpauth URI, or steam://SECRET as Bitwarden writes it. An error is a *ShapeError, or a
// *FeatureError where the URI is understood but a YubiKey cannot do what it asks for.
func ParseURI(text []byte) (Params, error) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) > maxText:
		return Params{}, errLong(len(text))
	case bytes.ContainsFunc(text, unicode.IsControl): // lines are not joined: two secrets would be a third
		return Params{}, shape("it has several lines or control characters, where one otpauth URI is expected")
	}
	scheme, rest, _ := bytes.Cut(text, []byte("://"))
	switch strings.ToLower(string(scheme)) {
	case "otpauth":
		return parseOTPAuth(rest)
	case "steam":
		return parseSteam(rest)
	case "motp":
		return Params{}, &FeatureError{"mOTP"}
	case "otpauth-migration":
		return Params{}, shape("it is an export of Google Authenticator, and no otpauth URI of one account")
	}
	return Params{}, shape("it is a URI, but no otpauth URI")
}

// steamIssuer is how a YubiKey's programs know a Steam account.
const steamIssuer = "Steam"

func parseSteam(text []byte) (Params, error) {
	secret, err := DecodeSecret(text)
	if err != nil {
		return Params{}, err
	}
	return Params{Type: oath.TOTP, Secret: secret, Issuer: steamIssuer}, nil
}

func parseOTPAuth(text []byte) (Params, error) {
	path, rawQuery, _ := bytes.Cut(text, []byte("?"))
	host, label, _ := bytes.Cut(path, []byte("/"))
	q, err := parseQuery(rawQuery)
	defer q.wipe()
	if err != nil {
		return Params{}, err
	}
	var p Params
	for _, read := range []func() error{
		func() error { return p.setType(string(host)) },
		func() error { return p.setLabel(label, string(q["issuer"])) },
		func() error { return p.setSteam(strings.EqualFold(string(host), "steam"), q) },
		func() error { return p.setAlgorithm(q) },
		func() error { return p.setDigits(q) },
		func() error { return p.setMovingFactor(q) },
		func() error { return p.setSecret(q) },
	} {
		if err := read(); err != nil {
			return Params{}, err
		}
	}
	return p, nil
}

// query holds the known parameters, decoded, in buffers that nobody else has.
type query map[string][]byte

func (q query) wipe() {
	for _, value := range q {
		Wipe(value)
	}
}

func parseQuery(text []byte) (query, error) {
	text, _, _ = bytes.Cut(text, []byte("#"))
	q := query{}
	for pair := range bytes.SplitSeq(text, []byte("&")) {
		key, value, _ := bytes.Cut(pair, []byte("="))
		name := strings.ToLower(strings.TrimPrefix(string(key), "amp;")) // copied out of HTML
		switch name {
		case "secret", "issuer", "algorithm", "digits", "period", "counter", "encoder":
		default:
			continue // there are many others, none of which changes a code
		}
		decoded, ok := unescape(value, true)
		if !ok {
			return q, shape("the otpauth URI has a damaged %s (percent signs)", name)
		}
		if first, twice := q[name]; twice {
			same := bytes.Equal(first, decoded)
			Wipe(decoded)
			if !same {
				return q, shape("the otpauth URI gives %s twice, and not the same", name)
			}
			continue
		}
		q[name] = decoded
	}
	return q, nil
}

// unescape takes percent signs out (RFC 3986 section 2.1), and the plus signs that forms write for blanks.
func unescape(text []byte, plus bool) (out []byte, ok bool) {
	out = make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+' && plus:
			out = append(out, ' ')
		case c == '%':
			var b [1]byte
			if n, _ := hex.Decode(b[:], text[i+1:min(i+3, len(text))]); n != 1 {
				Wipe(out)
				return nil, false
			}
			out = append(out, b[0])
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out, true
}

func (p *Params) setType(host string) error {
	switch strings.ToLower(host) {
	case "totp", "steam":
		p.Type = oath.TOTP
	case "hotp":
		p.Type = oath.HOTP
	case "motp":
		return &FeatureError{"mOTP"}
	case "yaotp":
		return &FeatureError{"a Yandex password"}
	default:
		return shape("its type is neither totp nor hotp")
	}
	return nil
}

// setLabel splits the label behind the issuer parameter, else at its first literal colon, else at its first encoded
// one. The parameter wins over the label's issuer.
func (p *Params) setLabel(label []byte, issuer string) error {
	whole, ok := unescape(label, false)
	if !ok {
		return shape("the otpauth URI has a damaged label (percent signs)")
	}
	first, account := splitLabel(label, string(whole), issuer)
	p.Issuer, p.Account = strings.TrimSpace(issuer), strings.TrimSpace(account)
	if p.Issuer == "" {
		p.Issuer = strings.TrimSpace(first)
	}
	return p.checkText()
}

func splitLabel(label []byte, whole, issuer string) (first, account string) {
	if rest, ok := strings.CutPrefix(whole, issuer+":"); ok && issuer != "" {
		return issuer, rest
	}
	if before, after, ok := bytes.Cut(label, []byte(":")); ok {
		one, _ := unescape(before, false)
		two, _ := unescape(after, false)
		return string(one), string(two)
	}
	if first, account, ok := strings.Cut(whole, ":"); ok {
		return first, account
	}
	return "", whole
}

// checkText refuses names that could not be shown as they are.
func (p *Params) checkText() error {
	for _, s := range []string{p.Issuer, p.Account} {
		if !utf8.ValidString(s) {
			return shape("its names are not UTF-8")
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return shape("its names hold control characters, or marks that turn text around")
		}
	}
	return nil
}

// setSteam gives the issuer that makes other programs show Steam's five characters, whichever way the URI says so.
func (p *Params) setSteam(host bool, q query) error {
	says := host || strings.EqualFold(string(q["encoder"]), "steam") || strings.EqualFold(p.Issuer, steamIssuer)
	if !says {
		return nil
	}
	if p.Type != oath.TOTP {
		return &FeatureError{"a Steam code that counts"}
	}
	p.Issuer = steamIssuer
	return nil
}

func (p *Params) setAlgorithm(q query) error {
	name := strings.TrimSpace(string(q["algorithm"]))
	if name == "" {
		return nil
	}
	algorithm, err := oath.ParseAlgorithm(name)
	if err != nil {
		if strings.Contains(strings.ToUpper(name), "MD5") {
			return &FeatureError{"the algorithm MD5"}
		}
		return &FeatureError{"an algorithm other than SHA1, SHA256 and SHA512"}
	}
	p.Algorithm = algorithm
	return nil
}

func (p *Params) setDigits(q query) error {
	n, err := q.number("digits", 1, 10)
	switch {
	case err != nil:
		return err
	case n == 5 && p.Issuer == steamIssuer:
		n = 6 // the key keeps 6, and programs show five characters all the same
	case n != 0 && (n < 6 || n > 8):
		return &FeatureError{fmt.Sprintf("%d digits", n)}
	}
	p.Digits = int(n)
	return nil
}

// setMovingFactor reads what the type goes by. Exports write the other one, too, often as 0.
func (p *Params) setMovingFactor(q query) error {
	if p.Type == oath.HOTP {
		n, err := q.number("counter", 0, 1<<32-1)
		p.Counter = uint64(n)
		return err
	}
	n, err := q.number("period", 1, 24*3600)
	p.Period = time.Duration(n) * time.Second
	return err
}

// number reads a parameter within bounds; missing is 0.
func (q query) number(name string, low, high int64) (int64, error) {
	text := strings.TrimSpace(string(q[name]))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, shape("its %s is not a number from %d to %d", name, low, high)
	}
	return n, nil
}

func (p *Params) setSecret(q query) error {
	text, ok := q["secret"]
	if !ok {
		return shape("it has no secret")
	}
	secret, err := DecodeSecret(text)
	if err != nil {
		return shape("its secret: %v", err)
	}
	p.Secret = secret
	return nil
}
