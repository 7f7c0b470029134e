package account

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// ErrNoAccount means that the file has no such account.
var ErrNoAccount = errors.New("no such account")

// find returns the [table] of an account, or nil. An account that is written in another way is an error: editing it
// could lose what the user wrote.
func (f *File) find(name string) (*section, error) {
	sections, err := f.scan()
	if err != nil {
		return nil, err
	}
	var found *section
	other := false
	for i, s := range sections {
		if len(s.path) == 1 && s.path[0] == name && !s.array {
			found = &sections[i]
		}
		other = other || (len(s.path) > 1 || s.array) && s.path[0] == name
		for _, kv := range s.keys {
			other = other || len(s.path) == 0 && kv.path[0] == name
		}
	}
	if found == nil && other {
		return nil, fmt.Errorf("account file %s: write %[2]s as a table, [%[2]s], so that it can be changed", f.path, quoteKey(name))
	}
	return found, nil
}

func (f *File) newline() string {
	if bytes.Contains(f.data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// Put adds an account at the end, or changes those keys of its table whose values differ. All else keeps its bytes.
func (f *File) Put(acc Account) error {
	if len(acc.ID) == 0 {
		return fmt.Errorf("the account %q has no credential id", acc.Name)
	}
	s, err := f.find(acc.Name)
	if err != nil {
		return err
	}
	if s == nil {
		return f.replace(f.appended(acc), acc.Name, &acc)
	}
	old, _ := f.Get(acc.Name)
	return f.replace(f.apply(f.changes(s, old, acc)), acc.Name, &acc)
}

// changes are the edits that make one account of another. Values that do not differ stay as the user wrote them.
func (f *File) changes(s *section, old, acc Account) []edit {
	var edits []edit
	lead := "" // a last line without a newline gets one
	if s.end == len(f.data) && f.data[s.end-1] != '\n' {
		lead = f.newline()
	}
	was := settings(old)
	for i, want := range settings(acc) {
		changed := want.value != was[i].value
		if want.key == "id" || want.key == "id_hex" { // the user may have written either
			changed = !bytes.Equal(old.ID, acc.ID)
		}
		kv := s.find(want.key)
		switch {
		case !changed, kv == nil && want.value == "":
		case kv == nil:
			edits = append(edits, edit{span{s.end, s.end}, lead + want.key + " = " + want.value + f.newline()})
			lead = ""
		case want.value == "":
			edits = append(edits, f.without(kv))
		default:
			edits = append(edits, edit{kv.value, want.value})
		}
	}
	return edits
}

// without takes a key out: its line, or, where a comment follows on it, all but that.
func (f *File) without(kv *keyValue) edit {
	end := f.lineEnd(kv.all.end)
	if rest := bytes.TrimLeft(f.data[kv.all.end:end], " \t"); bytes.HasPrefix(rest, []byte("#")) {
		return edit{span{kv.all.start, end - len(rest)}, ""}
	}
	return edit{span{f.lineStart(kv.all.start), end}, ""}
}

func (s *section) find(key string) *keyValue {
	for i, kv := range s.keys {
		if len(kv.path) == 1 && kv.path[0] == key {
			return &s.keys[i]
		}
	}
	return nil
}

// edit replaces a span of the file.
type edit struct {
	at   span
	text string
}

// apply makes edits that do not overlap.
func (f *File) apply(edits []edit) []byte {
	slices.SortStableFunc(edits, func(x, y edit) int { return x.at.start - y.at.start })
	var data []byte
	kept := 0
	for _, e := range edits {
		data = append(data, f.data[kept:e.at.start]...)
		data = append(data, e.text...)
		kept = e.at.end
	}
	return append(data, f.data[kept:]...)
}

func (f *File) appended(acc Account) []byte {
	nl := f.newline()
	data := bytes.Clone(f.data)
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, nl...)
	}
	if len(data) > 0 {
		data = append(data, nl...)
	}
	data = append(data, "["+quoteKey(acc.Name)+"]"+nl...)
	for _, s := range settings(acc) {
		if s.value != "" {
			data = append(data, s.key+" = "+s.value+nl...)
		}
	}
	return data
}

// Remove takes an account out, with the comments among its keys. Comments above and below its table stay.
func (f *File) Remove(name string) error {
	s, err := f.find(name)
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("%w: %q", ErrNoAccount, name)
	}
	sections, err := f.scan()
	if err != nil {
		return err
	}
	var data []byte
	kept := 0
	nl := []byte(f.newline())
	for _, s := range sections {
		if len(s.path) == 0 || s.path[0] != name {
			continue
		}
		data = append(data, f.data[kept:s.start]...)
		kept = s.end
		below := f.data[kept:]
		if bytes.HasSuffix(data, append(nl, nl...)) && (len(below) == 0 || bytes.HasPrefix(below, nl)) {
			data = data[:len(data)-len(nl)] // of the two empty lines around it, one goes
		}
	}
	return f.replace(append(data, f.data[kept:]...), name, nil)
}

// Rename gives an account another short name.
func (f *File) Rename(from, to string) error {
	s, err := f.find(from)
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("%w: %q", ErrNoAccount, from)
	}
	if _, exists := f.Get(to); exists {
		return fmt.Errorf("account file %s has an account %q already", f.path, to)
	}
	acc, _ := f.Get(from)
	sections, err := f.scan()
	if err != nil {
		return err
	}
	var edits []edit
	for _, s := range sections {
		if len(s.path) > 0 && s.path[0] == from {
			edits = append(edits, edit{s.key, quoteKey(to)})
		}
	}
	acc.Name = to
	renamed, err := Parse(f.path, f.apply(edits))
	if err != nil {
		return err
	}
	if s.find("id") == nil && s.find("id_hex") == nil { // its id was its name
		if err := renamed.Put(acc); err != nil {
			return err
		}
	}
	return f.replace(renamed.data, from, &acc)
}
