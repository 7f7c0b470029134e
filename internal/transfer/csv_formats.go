package transfer

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
)

// table is what a program's CSV looks like. Columns are named in small letters: programs change the case of theirs.
type table struct {
	title string   // for people
	has   []string // columns that tell this program from others
	otp   []string // columns that may have the secret; the first that is there
	name  string   // column with the entry's title
	user  []string // columns with the user; the first that is not empty
}

// tables: the columns of KeePassXC are those of its src/format/CsvExporter.cpp, the others those of exports that people
// have published.
func tables() []table {
	return []table{
		{"KeePassXC (CSV)", []string{"group", "title", "username", "password", "url", "notes"}, []string{"totp"}, "title", []string{"username"}},
		{"Bitwarden (CSV)", []string{"type", "name", "login_uri", "login_username", "login_password"}, []string{"login_totp"}, "name", []string{"login_username"}},
		{"LastPass (CSV)", []string{"url", "username", "password", "extra", "name", "grouping"}, []string{"totp"}, "name", []string{"username"}},
		{"1Password (CSV)", []string{"title", "username", "password", "otpauth", "favorite", "archived"}, []string{"otpauth"}, "title", []string{"username"}},
		{"1Password (CSV)", []string{"title", "username", "password", "one-time password"}, []string{"one-time password"}, "title", []string{"username"}},
		{"Apple Passwords (CSV)", []string{"title", "url", "username", "password", "otpauth"}, []string{"otpauth"}, "title", []string{"username"}},
		{"Proton Pass (CSV)", []string{"type", "name", "url", "username", "password", "note", "createtime"}, []string{"totp"}, "name", []string{"username", "email"}},
		{"Dashlane (CSV)", []string{"username", "username2", "title", "password"}, []string{"otpurl", "otpsecret"}, "title", []string{"username", "username2", "username3"}},
	}
}

func csvFormats() []format {
	var list []format
	for _, t := range tables() {
		list = append(list, format{title: t.title, is: t.is, read: t.read})
	}
	return list
}

const maxHeader = 4 << 10 // bytes of the first row

// header reads the names of the columns.
func header(r *csvReader) (names []string) {
	fields, _, _ := r.next()
	for _, f := range fields {
		names = append(names, strings.ToLower(string(bytes.TrimSpace(f))))
	}
	return names
}

func (t table) is(data []byte) bool {
	names := header(&csvReader{rest: bytes.Clone(data[:min(len(data), maxHeader)])})
	for _, name := range t.has {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

var (
	errNoColumn = errors.New("it has no column of one-time passwords: this version of the program does not export them as CSV")
	errOpen     = errors.New("a quote in its row is never closed")
)

func (t table) read(ctx context.Context, in Input) (*File, error) {
	data := bytes.Clone(in.Data)
	defer otpauth.Wipe(data)
	r := &csvReader{rest: data}
	names := header(r)
	column := func(list ...string) (columns []int) {
		for _, name := range list {
			if i := slices.Index(names, name); i >= 0 {
				columns = append(columns, i)
			}
		}
		return columns
	}
	otp, title, user := column(t.otp...), column(t.name), column(t.user...)
	if len(otp) == 0 {
		return nil, errNoColumn
	}
	var file File
	for {
		row, line, open := r.next()
		if row == nil || ctx.Err() != nil {
			return file.unless(ctx.Err())
		}
		secret := cell(row, otp)
		if len(secret) == 0 && !open {
			continue // an entry without a second factor
		}
		var err error
		if open {
			err = errOpen
		}
		if err := file.addNamed(lineNumber(line), string(cell(row, title)), string(cell(row, user)), secret, err); err != nil {
			return file.unless(err)
		}
	}
}

// cell returns the first of the columns that is not empty.
func cell(row [][]byte, columns []int) []byte {
	for _, i := range columns {
		if i < len(row) && len(bytes.TrimSpace(row[i])) > 0 {
			return row[i]
		}
	}
	return nil
}
