package account

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"ykmfa/oath"
)

// Bounds of the account file. A thousand accounts have about 100 kB and 5000 keys; the time that the parser takes grows
// with the square of the number of keys.
const (
	maxFile = 1 << 20 // bytes
	maxKeys = 10_000  // equals signs and brackets
)

// File is an account file in memory.
type File struct {
	path     string
	data     []byte
	accounts []Account // what data says
}

// Load reads an account file. One that does not exist is empty; a pipe, which could be silent for ever, is none.
func Load(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeDir|fs.ModeNamedPipe) != 0 {
		return nil, fmt.Errorf("account file %s is a directory or a pipe: is it the right file?", path)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("account file: %w", err)
	}
	return Parse(path, data)
}

// Parse reads an account file from memory; path is for messages.
func Parse(path string, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("account file %s is larger than %d bytes: is it the right file?", path, maxFile)
	}
	if bytes.Count(data, []byte("="))+bytes.Count(data, []byte("[")) > maxKeys {
		return nil, fmt.Errorf("account file %s has more than %d keys: is it the right file?", path, maxKeys)
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return nil, fmt.Errorf("account file %s begins with a byte order mark: save it as UTF-8 without one", path)
		}
	}
	file := &File{path: path, data: data}
	accounts, err := file.decode()
	if err != nil {
		return nil, err
	}
	file.accounts = accounts
	return file, nil
}

// Bytes is the text of the file.
func (f *File) Bytes() []byte { return bytes.Clone(f.data) }

// Accounts returns the accounts in the order of the file.
func (f *File) Accounts() []Account { return f.accounts }

// Get returns an account by its name.
func (f *File) Get(name string) (Account, bool) {
	for _, acc := range f.Accounts() {
		if acc.Name == name {
			return acc, true
		}
	}
	return Account{}, false
}

func (f *File) decode() ([]Account, error) {
	tables, err := f.tables()
	if err != nil {
		return nil, err
	}
	sections, err := f.scan()
	if err != nil {
		return nil, err
	}
	var accounts []Account
	for _, name := range names(sections) {
		table, ok := tables[name].(map[string]any)
		if looksLikeAccounts(tables[name]) {
			return nil, fmt.Errorf("account file %s:%d: [[%[3]s]]: an account is a table, [%[3]s]", f.path, f.line(sections, name, ""), quoteKey(name))
		}
		if !ok {
			continue // not an account: left alone
		}
		acc, err := decodeAccount(name, table)
		if err != nil {
			return nil, fmt.Errorf("account file %s:%d: [%s]: %w", f.path, f.line(sections, name, err.key), quoteKey(name), err)
		}
		accounts = append(accounts, acc)
	}
	return accounts, nil
}

// looksLikeAccounts recognises a list of tables that have what an account has: [[aws]] is too near to [aws] to be passed
// over in silence.
func looksLikeAccounts(value any) bool {
	list, _ := value.([]any)
	for _, element := range list {
		table, _ := element.(map[string]any)
		if table["id"] != nil || table["backup"] != nil {
			return true
		}
	}
	return false
}

func (f *File) tables() (map[string]any, error) {
	var tables map[string]any
	err := toml.Unmarshal(f.data, &tables)
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, column := bad.Position()
		return nil, fmt.Errorf("account file %s:%d:%d: %s", f.path, row, column, printable(strings.TrimPrefix(bad.Error(), "toml: ")))
	}
	if err != nil {
		return nil, fmt.Errorf("account file %s: %w", f.path, err)
	}
	return tables, nil
}

// fields reads the keys of a table, and remembers the first that has a wrong value.
type fields struct {
	table map[string]any
	err   *valueError
}

// valueError says what the value of a key must be.
type valueError struct{ key, want string }

func (e *valueError) Error() string { return e.key + " must be " + e.want }

func (f *fields) text(key string) string {
	value, ok := f.table[key]
	if !ok {
		return ""
	}
	s, ok := value.(string)
	if !ok {
		f.fail(key, "a text in quotes")
	}
	return s
}

func (f *fields) number(key string, low, high, missing int64) int64 {
	value, ok := f.table[key]
	if !ok {
		return missing
	}
	n, ok := value.(int64)
	if !ok || n < low || n > high {
		f.fail(key, fmt.Sprintf("a number from %d to %d", low, high))
		return missing
	}
	return n
}

func (f *fields) boolean(key string) bool {
	value, ok := f.table[key]
	if !ok {
		return false
	}
	b, ok := value.(bool)
	if !ok {
		f.fail(key, "true or false")
	}
	return b
}

func (f *fields) fail(key, want string) {
	if f.err == nil {
		f.err = &valueError{key, want}
	}
}

func decodeAccount(name string, table map[string]any) (Account, *valueError) {
	f := &fields{table: table}
	acc := Account{
		Name: name, ID: f.id(name), Backup: f.text("backup"), Touch: f.boolean("touch"),
		Type: oath.TOTP, Algorithm: oath.SHA1,
		Digits:  int(f.number("digits", 6, 8, 6)),
		Period:  time.Duration(f.number("period", 1, 24*3600, 30)) * time.Second,
		Counter: uint64(f.number("counter", 0, 1<<32-1, 0)),
	}
	switch strings.ToUpper(f.text("type")) {
	case "", "TOTP":
	case "HOTP":
		acc.Type = oath.HOTP
	default:
		f.fail("type", "TOTP or HOTP")
	}
	if text := f.text("algorithm"); text != "" {
		algorithm, err := oath.ParseAlgorithm(text)
		if err != nil {
			f.fail("algorithm", "SHA1, SHA256 or SHA512")
		}
		acc.Algorithm = algorithm
	}
	return acc, f.err
}

// id is the credential id: as text, or in hexadecimal when it is not fit to be shown; else the account's name.
func (f *fields) id(name string) []byte {
	id := []byte(f.text("id"))
	if text := f.text("id_hex"); text != "" {
		decoded, err := hex.DecodeString(text)
		if err != nil {
			f.fail("id_hex", "hexadecimal digits")
		}
		if len(id) > 0 {
			f.fail("id_hex", "left out where there is an id")
		}
		id = decoded
	}
	if len(id) == 0 {
		id = []byte(name)
	}
	return id
}

// showable reports whether an id can stand in the file as text.
func showable(id []byte) bool {
	return utf8.Valid(id) && !bytes.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) })
}

// printable makes a message of the parser, which may quote the file, safe to show.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
