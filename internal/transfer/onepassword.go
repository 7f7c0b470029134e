package transfer

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ykmfa/internal/otpauth"
)

// The export of 1Password (1PUX): a zip file, in which export.data is JSON, and the rest are attachments.

const (
	onePasswordData  = "export.data"
	onePasswordFiles = 100_000 // files in the archive; each item may have some
)

var errZip = errors.New("the archive is damaged or cut short")

func is1Password(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) && bytes.Contains(data, []byte(onePasswordData))
}

func read1Password(_ context.Context, in Input) (*File, error) {
	data, err := unzip(in.Data, onePasswordData)
	if err != nil {
		return nil, err
	}
	defer otpauth.Wipe(data)
	var export struct{ Accounts raw }
	if err := parseJSON(data, &export); err != nil {
		return nil, err
	}
	r := onePasswordReader{file: &File{}}
	return r.file.unless(export.Accounts.each(func(_ int, element raw) error {
		var account struct{ Vaults raw }
		if parseJSON(element, &account) != nil {
			return errShape
		}
		return account.Vaults.each(func(_ int, element raw) error {
			var vault struct{ Items raw }
			if parseJSON(element, &vault) != nil {
				return errShape
			}
			return vault.Items.each(r.item)
		})
	}))
}

// unzip reads one file of an archive, and only that. What the archive says of its size is not believed.
func unzip(data []byte, name string) ([]byte, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > onePasswordFiles { // before a list is made of them
		return nil, fmt.Errorf("the archive has more than %d files", onePasswordFiles)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errZip
	}
	var found *zip.File
	for _, f := range archive.File {
		if f.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("the archive has %s twice", name)
		}
		found = f
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("the archive has no %s", name)
	case found.UncompressedSize64 > MaxSize:
		return nil, ErrTooBig
	}
	return inflate(found)
}

// inflate makes the buffer as large as the archive says, and does not grow it, so that no copy is left behind.
func inflate(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, errZip
	}
	defer r.Close()
	data := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(r, data); err != nil {
		otpauth.Wipe(data)
		return nil, errZip
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF { // more than it says, or another checksum
		otpauth.Wipe(data)
		return nil, errZip
	}
	return data, nil
}

// onePasswordReader numbers the items of all vaults.
type onePasswordReader struct {
	file *File
	n    int
}

// item takes every one-time password of an item: there may be several.
func (r *onePasswordReader) item(_ int, element raw) error {
	r.n++
	var item struct {
		Overview struct{ Title string }
		Details  struct{ LoginFields, Sections raw }
	}
	if err := parseEntry(element, &item); err != nil {
		return r.file.add(entryNumber(r.n), "", otpauth.Params{}, err)
	}
	user, codes := onePasswordUser(item.Details.LoginFields), 0
	err := item.Details.Sections.each(func(_ int, element raw) error {
		var section struct{ Fields raw }
		if parseJSON(element, &section) != nil {
			return nil // nothing of ours
		}
		return section.Fields.each(func(_ int, element raw) error {
			secret, err := onePasswordCode(element)
			if len(secret) == 0 && err == nil {
				return nil
			}
			defer otpauth.Wipe(secret)
			codes++
			where := entryNumber(r.n)
			if codes > 1 {
				where += fmt.Sprintf(", code %d", codes)
			}
			return r.file.addNamed(where, item.Overview.Title, user, secret, err)
		})
	})
	if err == errShape {
		return r.file.add(entryNumber(r.n), clean(item.Overview.Title), otpauth.Params{}, err)
	}
	return err
}

func onePasswordUser(list raw) (user string) {
	_ = list.each(func(_ int, element raw) error { // a login without a user is one all the same
		var field struct{ Designation, Value string }
		if parseJSON(element, &field) == nil && strings.EqualFold(field.Designation, "username") {
			user = field.Value
		}
		return nil
	})
	return user
}

// onePasswordCode is the one-time password of a field, or nothing where the field is another. Its value is an object
// with one member, which says by its name what it is.
func onePasswordCode(element raw) (secret text, err error) {
	var field struct{ Value raw }
	var value struct{ TOTP raw }
	if parseJSON(element, &field) != nil || field.Value.null() || parseJSON(field.Value, &value) != nil || value.TOTP.null() {
		return nil, nil
	}
	err = parseJSON(value.TOTP, &secret)
	return bytes.TrimSpace(secret), err
}
