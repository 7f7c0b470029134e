package account

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"ykmfa/oath"
)

// ErrNoAccount means that the file has no such account.
var ErrNoAccount = errors.New("no such account")

// section is a [table] with its keys, as byte offsets into the file.
type section struct {
	path       []string
	key        span // the first part of the path, as it is written
	start, end int  // whole lines: from the header to the last key
	body       int  // after the line of the header
	keys       []keyValue
}

type keyValue struct {
	path  []string
	all   span // key and value
	value span
}

type span struct{ start, end int }

// scan finds the tables of the file. What stands before the first has an empty path.
func (f *File) scan() ([]section, error) {
	p := unstable.Parser{}
	p.Reset(f.data)
	sections := []section{{}}
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			path, first := keyPath(e)
			sections = append(sections, section{
				path: path, key: first,
				start: f.lineStart(first.start), body: f.lineEnd(first.end), end: f.lineEnd(first.end),
			})
		case unstable.KeyValue:
			path, first := keyPath(e)
			end := int(e.Raw.Offset + e.Raw.Length)
			value := f.valueStart(e, first)
			s := &sections[len(sections)-1]
			s.keys = append(s.keys, keyValue{path: path, all: span{first.start, end}, value: span{value, end}})
			s.end = f.lineEnd(end)
		}
	}
	return sections, p.Error()
}

// keyPath returns a dotted key, and where its first part stands.
func keyPath(e *unstable.Node) (path []string, first span) {
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if path == nil {
			first = span{int(n.Raw.Offset), int(n.Raw.Offset + n.Raw.Length)}
		}
		path = append(path, string(n.Data))
	}
	return path, first
}

// valueStart is where the value begins: after the equals sign that follows the last part of the key.
func (f *File) valueStart(e *unstable.Node, first span) int {
	at := first.end
	for it := e.Key(); it.Next(); {
		at = int(it.Node().Raw.Offset + it.Node().Raw.Length)
	}
	at += bytes.IndexByte(f.data[at:], '=') + 1
	for at < len(f.data) && (f.data[at] == ' ' || f.data[at] == '\t') {
		at++
	}
	return at
}

func (f *File) lineStart(at int) int { return bytes.LastIndexByte(f.data[:at], '\n') + 1 }

// lineEnd is behind the newline.
func (f *File) lineEnd(at int) int {
	n := bytes.IndexByte(f.data[at:], '\n')
	if n < 0 {
		return len(f.data)
	}
	return at + n + 1
}

// order returns the names of the top level as they first occur.
func (f *File) order() ([]string, error) {
	sections, err := f.scan()
	if err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, s := range sections {
		if len(s.path) > 0 {
			add(s.path[0])
			continue
		}
		for _, kv := range s.keys {
			add(kv.path[0])
		}
	}
	return names, nil
}

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
		if len(s.path) == 1 && s.path[0] == name {
			found = &sections[i]
		}
		other = other || len(s.path) > 1 && s.path[0] == name
		for _, kv := range s.keys {
			other = other || len(s.path) == 0 && kv.path[0] == name
		}
	}
	if found == nil && other {
		return nil, fmt.Errorf("account file %s: write %s as a table, [%s], so that it can be changed", f.path, name, name)
	}
	return found, nil
}

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

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
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

func (f *File) newline() string {
	if bytes.Contains(f.data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// Put adds an account at the end, or changes those keys of its table whose values differ. All else keeps its bytes.
func (f *File) Put(acc Account) error {
	s, err := f.find(acc.Name)
	if err != nil {
		return err
	}
	if s == nil {
		return f.replace(f.appended(acc), acc.Name, &acc)
	}
	old, _ := f.Get(acc.Name)
	was := map[string]string{}
	for _, o := range settings(old) {
		was[o.key] = o.value
	}
	var edits []edit
	lead := "" // a last line without a newline gets one
	if s.end == len(f.data) && f.data[s.end-1] != '\n' {
		lead = f.newline()
	}
	for _, want := range settings(acc) {
		kv := s.find(want.key)
		switch {
		case kv == nil && want.value != "" && (want.value != was[want.key] || want.key == "id"):
			edits = append(edits, edit{span{s.end, s.end}, lead + want.key + " = " + want.value + f.newline()})
			lead = ""
		case kv != nil && want.value == "" && was[want.key] != "":
			edits = append(edits, edit{span{f.lineStart(kv.all.start), f.lineEnd(kv.all.end)}, ""})
		case kv != nil && want.value != was[want.key]:
			edits = append(edits, edit{kv.value, want.value})
		}
	}
	return f.replace(f.apply(edits), acc.Name, &acc)
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
		return fmt.Errorf("%w: %s", ErrNoAccount, name)
	}
	sections, err := f.scan()
	if err != nil {
		return err
	}
	var data []byte
	kept := 0
	for _, s := range sections {
		if len(s.path) > 0 && s.path[0] == name {
			data = append(data, f.data[kept:s.start]...)
			kept = s.end
		}
	}
	rest := f.data[kept:]
	nl := []byte(f.newline())
	if bytes.HasSuffix(data, append(nl, nl...)) && (len(rest) == 0 || bytes.HasPrefix(rest, nl)) {
		data = data[:len(data)-len(nl)] // of the two empty lines around it, one goes
	}
	return f.replace(append(data, rest...), name, nil)
}

// Rename gives an account another short name.
func (f *File) Rename(from, to string) error {
	s, err := f.find(from)
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("%w: %s", ErrNoAccount, from)
	}
	if _, exists := f.Get(to); exists {
		return fmt.Errorf("account file %s has an account %s already", f.path, to)
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
	renamed := &File{path: f.path, data: f.apply(edits)}
	if s.find("id") == nil && s.find("id_hex") == nil { // its id was its name
		if err := renamed.Put(acc); err != nil {
			return err
		}
	}
	return f.replace(renamed.data, from, &acc)
}

// replace keeps new text only if it says what it should: the account that was edited is as wanted, and everything else
// is what it was.
func (f *File) replace(data []byte, name string, want *Account) error {
	before, err := f.tables()
	if err != nil {
		return err
	}
	edited := &File{path: f.path, data: data}
	after, err := edited.tables()
	if err == nil {
		_, err = edited.decode()
	}
	if err != nil {
		return fmt.Errorf("could not change %s in the account file without damage, so it was left alone: %w", name, err)
	}
	right := true
	if want != nil {
		got, found := edited.Get(want.Name)
		right = found && reflect.DeepEqual(normal(got), normal(*want))
		delete(after, want.Name)
		delete(before, want.Name)
	}
	delete(before, name)
	if !right || !(len(before) == 0 && len(after) == 0 || reflect.DeepEqual(before, after)) {
		return fmt.Errorf("could not change %s in the account file %s without damage, so it was left alone", name, f.path)
	}
	f.data = data
	return nil
}

// normal makes accounts comparable: what has no meaning for a type or is a default is the same as missing.
func normal(acc Account) Account {
	if acc.Type == 0 {
		acc.Type = oath.TOTP
	}
	if acc.Algorithm == 0 {
		acc.Algorithm = oath.SHA1
	}
	if acc.Digits == 0 {
		acc.Digits = 6
	}
	if acc.Period == 0 || acc.Type == oath.HOTP {
		acc.Period = oath.DefaultPeriod
	}
	return acc
}
