package transfer

import "bytes"

const maxColumns = 256 // that are kept; exports have 10

// csvReader reads comma-separated values (RFC 4180) without copies: quotes are taken out where the text stands, which
// must be a copy of the reader's own. It reads whatever there is: what RFC 4180 does not allow is taken as it stands.
type csvReader struct {
	rest []byte
	line int // that rest begins on, from 0
}

// next returns the fields of the next row that is not empty, and the line that it begins on; nil at the end. open says
// that the last quote was never closed.
func (r *csvReader) next() (fields [][]byte, line int, open bool) {
	for len(r.rest) > 0 {
		line = r.line + 1
		fields = fields[:0]
		for end := false; !end; {
			var field []byte
			field, end, open = r.field()
			if len(fields) < maxColumns {
				fields = append(fields, field)
			}
		}
		if len(fields) > 1 || len(bytes.TrimSpace(fields[0])) > 0 {
			return fields, line, open
		}
	}
	return nil, r.line + 1, false
}

// field takes the next field off, and what ends it. end says that the row ends with it.
func (r *csvReader) field() (field []byte, end, open bool) {
	if len(r.rest) > 0 && r.rest[0] == '"' {
		field, open = r.quoted()
	}
	i := bytes.IndexAny(r.rest, ",\n")
	if i < 0 {
		i = len(r.rest)
	}
	if field == nil {
		field = r.rest[:i]
	} else {
		field = append(field, r.rest[:i]...) // what stands behind quotes moves up to the text that was inside
	}
	if i == len(r.rest) {
		r.rest = nil
		return bytes.TrimSuffix(field, []byte("\r")), true, open
	}
	end = r.rest[i] == '\n'
	r.rest = r.rest[i+1:]
	if end {
		r.line++
		field = bytes.TrimSuffix(field, []byte("\r"))
	}
	return field, end, open
}

// quoted takes a quoted text off.
func (r *csvReader) quoted() (text []byte, open bool) {
	in := r.rest[1:]
	text = in[:0]
	for {
		i := bytes.IndexByte(in, '"')
		if i < 0 {
			i = len(in)
		}
		r.line += bytes.Count(in[:i], []byte("\n")) // before the text moves over itself
		text = append(text, in[:i]...)
		if i == len(in) {
			r.rest = nil
			return text, true
		}
		in = in[i+1:]
		if len(in) == 0 || in[0] != '"' {
			r.rest = in
			return text, false
		}
		text, in = append(text, '"'), in[1:]
	}
}
