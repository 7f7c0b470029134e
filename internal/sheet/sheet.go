// Package sheet makes the recovery sheet: pages to print and put in a safe, with which a stranger gets at the codes of
// a vault when every YubiKey is gone. The first page has the vault's recovery identity as a QR code and in a form to
// type, and says what to do with it; further pages have the accounts themselves, if that is wanted.
//
// The typed form finds typing errors by itself; see ParseTyped.
package sheet

import (
	"errors"
	"fmt"
	"time"

	"ykmfa/internal/otpauth"
)

// Sheet is what is to be printed.
type Sheet struct {
	Identity   []byte   // of the vault: the text of an age X25519 identity
	Vault      string   // where its files are
	Recipients []string // what else opens it, one to a line: "YubiKey 12345678"
	Made       time.Time
	Program    string // name and version of the program that makes the sheet
	Accounts   []Account
	QR         func(text []byte) (Matrix, error)
}

// Account is an account whose secret is to be printed, too.
type Account struct {
	Name   string
	Params otpauth.Params
	Backup string // where the secret is kept otherwise; may be empty
}

// Matrix is a QR code without its margin.
type Matrix struct {
	Width int // modules from edge to edge; 0 when there is no code
	Black func(x, y int) bool
	Wipe  func() // may be nil
}

// warning is on every page.
const warning = "Anyone who has this page can read your codes"

const title = "Recovery sheet"

// PDF returns the sheet as a PDF file, for the caller to wipe. Names are written as the fonts allow that every PDF
// reader has: Latin letters that they lack lose their marks, and everything else becomes its Unicode numbers. The QR
// codes have it all.
func (s *Sheet) PDF(paper Paper) ([]byte, error) {
	width, height := paper.size()
	pages, err := s.pages(width, height, !s.exact())
	if err != nil {
		return nil, err
	}
	defer wipe(pages)
	d := newDocument(len(pages), title, s.Program, s.Made)
	for i, blocks := range pages {
		p := &page{width: width, height: height}
		s.drawFrame(p, i+1, len(pages))
		y := float64(top)
		for _, b := range blocks {
			b.draw(p, side, y, width-2*side)
			y += b.height(width - 2*side)
		}
		d.addPage(p)
	}
	return d.finish(), nil
}

// What is around the blocks of a page.
const (
	side   = 54 // margins
	edge   = 40
	band   = 22               // height of the warning
	top    = edge + band + 12 // where the blocks begin
	bottom = edge + 8 + 14    // what is left free below them: a line of 8 points and a gap
)

func (s *Sheet) drawFrame(p *page, n, of int) {
	p.frame(side, edge, p.width-2*side, band, 1.2)
	text, size := []byte(warning), 11.5
	p.text((p.width-sansBold.width(text, size))/2, edge+band/2+0.36*size, sansBold, size, text)

	number := fmt.Appendf(nil, "Page %d of %d", n, of)
	at := p.width - side - sansBold.width(number, 8)
	p.text(at, p.height-edge, sansBold, 8, number)
	about := encode(s.about())
	p.text(side, p.height-edge, sans, 8, about[:small.fit(about, at-side-12)])
}

// about says on every page which sheet it is of.
func (s *Sheet) about() string {
	return title + " of " + s.date() + ", vault " + s.Vault
}

func (s *Sheet) date() string { return s.Made.Format(time.DateOnly) }

// pages lays the sheet out. note explains how names are written.
func (s *Sheet) pages(width, height float64, note bool) ([][]block, error) {
	blocks, err := s.blocks(note)
	if err != nil {
		return nil, err
	}
	pages, tooHigh := paginate(blocks, width-2*side, height-top-bottom)
	if tooHigh != nil {
		wipe([][]block{blocks})
	}
	if a, ok := tooHigh.(*account); ok {
		return nil, fmt.Errorf("%s: its secret of %d bytes does not fit on a page", visible(a.name), len(a.params.Secret))
	}
	if tooHigh != nil {
		return nil, errors.New("the names of the vault and its recipients do not fit on a page")
	}
	return pages, nil
}

// wipe overwrites the secrets in what was laid out, but for the accounts' own, which are the caller's.
func wipe(pages [][]block) {
	for _, blocks := range pages {
		for _, b := range blocks {
			switch b := b.(type) {
			case *key:
				b.code.wipe()
				for _, line := range b.typed {
					clear(line)
				}
			case *account:
				b.code.wipe()
			}
		}
	}
}

func (s *Sheet) blocks(note bool) ([]block, error) {
	if s.QR == nil {
		return nil, errors.New("the sheet needs an encoder for QR codes")
	}
	typed, err := Typed(s.Identity)
	if err != nil {
		return nil, err
	}
	code, err := s.QR(s.Identity)
	if err != nil {
		wipe([][]block{{&key{typed: typed}}})
		return nil, err
	}
	blocks := s.firstPage(&key{code: code, typed: typed})
	if note {
		blocks = append(blocks, &paragraph{style: small, before: 6, text: noteNames})
	}
	if len(s.Accounts) > 0 {
		blocks = append(blocks, s.accountsHeading(), s.accountsText())
	}
	for i := range s.Accounts {
		blocks = append(blocks, s.account(&s.Accounts[i]))
	}
	return blocks, nil
}

// account is printed without a QR code when its URI is too long for one: the secret is there to type.
func (s *Sheet) account(a *Account) block {
	uri := a.Params.URI()
	defer otpauth.Wipe(uri)
	b := &account{name: a.Name, params: a.Params.WithDefaults(), backup: a.Backup}
	if code, err := s.QR(uri); err == nil {
		b.code = code
	}
	return b
}

func (m Matrix) wipe() {
	if m.Wipe != nil {
		m.Wipe()
	}
}

// exact reports whether every name can be printed in the PDF as it is.
func (s *Sheet) exact() bool {
	names := append([]string{s.Vault, s.Program}, s.Recipients...)
	for _, a := range s.Accounts {
		names = append(names, a.Name, a.Params.Issuer, a.Params.Account, a.Backup)
	}
	for _, name := range names {
		if _, same := winAnsi(name); !same {
			return false
		}
	}
	return true
}
