package sheet

import (
	"fmt"
	"time"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// account is an account with its secret.
type account struct {
	name   string
	params otpauth.Params // with defaults
	backup string
	code   Matrix // none when the URI is too long for one
}

const noCode = "too long for a QR code"

const (
	codeSize    = 108  // of a QR code with its margins, at least
	codeModule  = 1.45 // of a module, at least: half a millimetre
	accountGap  = 12
	accountTop  = 5 // from where the code's margin begins to the text
	secretGroup = 4
	secretRow   = 32 // letters
)

var (
	nameStyle   = style{sansBold, 12, 15}
	secretStyle = style{monoBold, 10.5, 14}
)

func (b *account) flow() flow { return plain }

// size of the QR code.
func (b *account) size() float64 {
	if b.code.Width == 0 {
		return codeSize
	}
	return max(codeSize, codeModule*float64(b.code.Width+2*quiet))
}

func (b *account) height(width float64) float64 {
	width -= b.size() + accountGap
	text := nameStyle.height(b.name, width) + body.height(b.owner(), width) + body.height(b.terms(), width) +
		float64(b.rows())*secretStyle.leading + 2*accountGap/3 + small.height(b.from(), width)
	return accountGap + max(b.size(), accountTop+text)
}

func (b *account) rows() int {
	letters := (len(b.params.Secret)*8 + 4) / 5
	return (letters + secretRow - 1) / secretRow
}

// draw puts the modules of the code where the text begins, as for the key.
func (b *account) draw(p *page, x, y, width float64) {
	p.rule(x, y+accountGap/2, width)
	y += accountGap
	size := b.size()
	if b.code.Width > 0 {
		p.code(b.code, x-margin(b.code, size), y, size)
	} else {
		p.lines(x, y+accountTop, small, []byte(noCode), size-accountGap)
	}
	x, y, width = x+size+accountGap, y+accountTop, width-size-accountGap
	y = p.lines(x, y, nameStyle, encode(b.name), width)
	y = p.lines(x, y, body, encode(b.owner()), width)
	y = p.lines(x, y, body, encode(b.terms()), width) + accountGap/3
	b.secretRows(func(row []byte) {
		p.text(x, secretStyle.baseline(y), secretStyle.font, secretStyle.size, row)
		y += secretStyle.leading
	})
	p.lines(x, y+accountGap/3, small, encode(b.from()), width)
}

// secretRows calls f with each row of the secret, in groups of four letters.
func (b *account) secretRows(f func(row []byte)) {
	letters := otpauth.EncodeSecret(b.params.Secret)
	defer otpauth.Wipe(letters)
	for rest := letters; len(rest) > 0; {
		row := rest[:min(secretRow, len(rest))]
		rest = rest[len(row):]
		text := grouped(row)
		f(text)
		otpauth.Wipe(text)
	}
}

func grouped(letters []byte) []byte {
	text := make([]byte, 0, 2*len(letters))
	for i, c := range letters {
		if i > 0 && i%secretGroup == 0 {
			text = append(text, ' ')
		}
		text = append(text, c)
	}
	return text
}

func (b *account) owner() string {
	if p := b.params; p.Issuer != "" && p.Account != "" {
		return p.Issuer + ": " + p.Account
	}
	return b.params.Issuer + b.params.Account
}

func (b *account) terms() string {
	p := b.params
	if p.Type == oath.HOTP {
		return fmt.Sprintf("HOTP, %s, %d digits, counter %d", p.Algorithm, p.Digits, p.Counter)
	}
	return fmt.Sprintf("TOTP, %s, %d digits, every %d seconds", p.Algorithm, p.Digits, p.Period/time.Second)
}

func (b *account) from() string {
	if b.backup == "" {
		return ""
	}
	return "Backup: " + b.backup
}
