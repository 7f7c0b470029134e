package account

import (
	"bytes"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// section is a [table] with its keys, as byte offsets into the file.
type section struct {
	path       []string
	array      bool // [[table]]
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
				path: path, array: e.Kind == unstable.ArrayTable, key: first,
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

// line is where a key of an account stands, or else where the account begins.
func (f *File) line(sections []section, name, key string) int {
	at := -1
	for _, s := range sections {
		if at < 0 && len(s.path) > 0 && s.path[0] == name {
			at = s.key.start
		}
		for _, kv := range s.keys {
			path := slices.Concat(s.path, kv.path)
			if slices.Equal(path, []string{name, key}) {
				at = kv.all.start
			} else if at < 0 && path[0] == name {
				at = kv.all.start
			}
		}
	}
	return bytes.Count(f.data[:max(at, 0)], []byte("\n")) + 1
}

// names returns the names of the top level as they first occur.
func names(sections []section) []string {
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
	return names
}
