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

	"ykmfa/internal/otpauth"
)

// Bounds of what is read.
const (
	MaxSize    = 64 << 20  // bytes of a file, also after decompression
	maxEntries = 1_000_000 // accounts in a file
	maxNesting = 64        // of JSON and XML
	maxMemory  = 1 << 30   // bytes that a key derivation may ask for
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
)

// format is a row of the table.
type format struct {
	name  string // for --to
	title string // for people
	is    func(data []byte) bool
	read  func(ctx context.Context, in Input) (*File, error) // nil: only written
	write func(entries []Entry) ([]byte, error)              // nil: only read
}

// formats is the table. The first that recognises a file reads it: what is recognised by less comes later.
func formats() []format {
	return []format{
		{title: "Aegis", is: isAegis, read: readAegis},
	}
}

// Read reads a file of any known format. A file of which something cannot be read is no error, as long as the rest can:
// see Entry.Err. Errors say what is wrong with the file as a whole. The caller wipes.
func Read(ctx context.Context, in Input) (*File, error) {
	switch {
	case len(in.Data) > MaxSize:
		return nil, ErrTooBig
	case len(bytes.TrimSpace(in.Data)) == 0:
		return nil, ErrEmpty
	}
	for _, f := range formats() {
		if f.read == nil || !f.is(in.Data) {
			continue
		}
		file, err := f.read(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.title, err)
		}
		file.Format = f.title
		return file, nil
	}
	return nil, ErrUnknown
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

// Write makes a file of a format that Writable lists. Where an entry cannot be held by it, an error says which, by its
// number, and why. The caller wipes what is returned.
func Write(name string, entries []Entry) ([]byte, error) {
	for _, f := range formats() {
		if f.name == name && f.write != nil {
			return f.write(entries)
		}
	}
	return nil, fmt.Errorf("%q is no format that can be written", name)
}
