package account

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

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
