// Package transfer reads what other programs export, and writes what they import.
//
// A format is a row of one table: how to recognise it, how to read it, how to write it. It is recognised by its content,
// never by the name of a file. What is read is bounded in size, nesting, number and the work of key derivation, and no
// error holds a piece of it: a reason and the number of a line or an entry.
package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

// Bounds of what is read.
const (
	MaxSize    = 64 << 20 // bytes of a file, also after decompression
	maxEntries = 100_000  // accounts in a file
	maxNesting = 64       // of JSON and XML
	maxMemory  = 1 << 30  // bytes that a key derivation may ask for
)

// Entry is one account of a file, good or not.
type Entry struct {
	Where  string         // "line 3", "entry 5": where in the file
	Title  string         // what the program calls it, where that is more than issuer and account; may be empty
	Params otpauth.Params // zero where Err is set; the caller wipes Params.Secret
	Err    error          // why it cannot be taken; never with its content
}

// Input is what a reader gets.
type Input struct {
	Data     []byte                                                     // the whole file
	Password func(ctx context.Context, question string) ([]byte, error) // asks for the file's password; nil: cannot
}

// File is what was read.
type File struct {
	Format  string   // title of the format, for people
	Entries []Entry  // in the order of the file
	Missing []string // what belongs to the export but was not in it, such as batches of a migration
}

// Wipe overwrites all secrets.
func (f *File) Wipe() {
	for _, e := range f.Entries {
		otpauth.Wipe(e.Params.Secret)
	}
}

// What Read can fail with besides, for errors.Is.
var (
	ErrUnknown  = errors.New("not a file of a known format")
	ErrPassword = errors.New("the password is wrong, or the file is damaged")
	ErrLocked   = errors.New("the file is encrypted, and nobody gave its password")
	ErrEmpty    = errors.New("the file is empty")
	ErrTooBig   = errors.New("the file is larger than any export")
	ErrMixed    = errors.New("a part of the text is in one encoding, and another part in another (UTF-16?): save it as UTF-8")
)

// LeftOut is the error of Write, beside a file, when some of the entries are not in that file.
type LeftOut struct {
	Entries []Left
}

// Left is an entry that a format cannot hold.
type Left struct {
	Index int   // in what Write was given
	Err   error // why
}

func (e *LeftOut) Error() string {
	var b strings.Builder
	for i, l := range e.Entries {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "entry %d is left out: %v", l.Index+1, l.Err)
	}
	return b.String()
}

// format is a row of the table.
type format struct {
	name  string // for --to
	title string // for people
	is    func(data []byte) bool
	read  func(ctx context.Context, in Input) (*File, error) // nil: only written
	write func(entries []Entry) ([]byte, error)              // nil: only read; entries have no Err
	holds func(p otpauth.Params) error                       // why the format cannot hold this; p has its defaults
}

// formats is the table. The first that recognises a file reads it: what is recognised by less comes later.
func formats() []format {
	return slices.Concat([]format{
		{title: "Proton Authenticator", is: isProton, read: readProton},
		{title: "FreeOTP+", is: isFreeOTP, read: readFreeOTP},
		{title: "Duo Mobile", is: isDuo, read: readDuo},
		{title: "Stratum (Authenticator Pro)", is: isStratum, read: readStratum},
	}, csvFormats(), []format{
		{name: "migration", title: "Google Authenticator", is: isMigration, read: readURIs, write: writeMigration, holds: fitsMigration},
		{name: "uris", title: "list of otpauth URIs", is: isURIs, read: readURIs, write: writeURIs},
	}, vaultFormats())
}

// Read reads a file of any known format. A file of which something cannot be read is no error, as long as the rest can:
// see Entry.Err. Errors say what is wrong with the file as a whole. The caller wipes.
func Read(ctx context.Context, in Input) (*File, error) {
	if len(in.Data) > MaxSize {
		return nil, ErrTooBig
	}
	text, wipe, err := decodeText(in.Data)
	if err != nil {
		return nil, err
	}
	defer wipe()
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, ErrEmpty
	}
	in.Data = text
	for _, f := range formats() {
		if f.read == nil || !f.is(in.Data) {
			continue
		}
		file, err := f.read(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.title, err)
		}
		file.Format = f.title
		file.nameAll()
		return file, nil
	}
	return nil, ErrUnknown
}

// nameAll gives the entries that have no name at all one to be spoken of.
func (f *File) nameAll() {
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.Err == nil && e.Title == "" && e.Params.Issuer == "" && e.Params.Account == "" {
			e.Title = fmt.Sprintf("entry %d", i+1)
		}
	}
}

// Writable lists the names of the formats that Write knows.
func Writable() []string {
	var names []string
	for _, f := range formats() {
		if f.write != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// Write makes a file of a format that Writable lists. What the format cannot hold is not bent until it fits, but left out:
// the error is a *LeftOut then, beside a file with the rest. The caller wipes the file.
func Write(name string, entries []Entry) ([]byte, error) {
	for _, f := range formats() {
		if f.name == name && f.write != nil {
			return f.writeFitting(entries)
		}
	}
	return nil, fmt.Errorf("%q is no format that can be written", name)
}

func (f format) writeFitting(entries []Entry) ([]byte, error) {
	fit, left := f.fitting(entries)
	data, err := f.write(fit)
	if err != nil || left == nil {
		return data, err
	}
	return data, left
}

// fitting returns the entries that the format can hold, with their defaults, and under their titles where they have no
// other name.
func (f format) fitting(entries []Entry) (fit []Entry, left *LeftOut) {
	for i, e := range entries {
		e.Params = e.Params.WithDefaults()
		if e.Params.Issuer == "" && e.Params.Account == "" {
			e.Params.Account = e.Title
		}
		err := e.Err
		if err == nil && len(e.Params.Secret) == 0 {
			err = errors.New("it has no secret")
		}
		if err == nil && isSteam(e.Params.Issuer) && e.Params.Type == oath.HOTP {
			err = &otpauth.FeatureError{Feature: "a Steam code that counts"}
		}
		if err == nil && f.holds != nil {
			err = f.holds(e.Params)
		}
		if err == nil {
			fit = append(fit, e)
			continue
		}
		if left == nil {
			left = &LeftOut{}
		}
		left.Entries = append(left.Entries, Left{i, err})
	}
	return fit, left
}
