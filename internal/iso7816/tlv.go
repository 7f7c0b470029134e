package iso7816

// MaxValue is the longest value that a TLV with a length of at most two bytes can hold.
const MaxValue = 0xffff

// AppendTLV appends tag, the length in its shortest form (00..7f, 81 LL, 82 HH LL) and the value, given in parts. A value
// above MaxValue makes a length that no String reads, of data that no Command takes.
func AppendTLV(dst []byte, tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	switch {
	case n < 0x80:
		dst = append(dst, tag, byte(n))
	case n <= 0xff:
		dst = append(dst, tag, 0x81, byte(n))
	case n <= MaxValue:
		dst = append(dst, tag, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, tag, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// String is a byte string that is parsed by consuming it from the front. Its methods report whether the bytes
// were there; after false nothing has been consumed. What they return aliases the input.
type String []byte

// Empty reports whether everything has been consumed.
func (s String) Empty() bool { return len(s) == 0 }

// Read consumes n bytes.
func (s *String) Read(n int, out *[]byte) bool {
	if n < 0 || n > len(*s) {
		return false
	}
	*out, *s = (*s)[:n], (*s)[n:]
	return true
}

// ReadByte consumes one byte.
func (s *String) ReadUint8(out *byte) bool {
	var b []byte
	if !s.Read(1, &b) {
		return false
	}
	*out = b[0]
	return true
}

// ReadTLV consumes one TLV with a one-byte tag and a length of one, two (81) or three (82) bytes.
func (s *String) ReadTLV(tag *byte, value *[]byte) bool {
	rest := *s
	var t byte
	var n int
	if !rest.ReadUint8(&t) || !rest.readLength(&n) || !rest.Read(n, value) {
		return false
	}
	*tag, *s = t, rest
	return true
}

// ReadTag consumes one TLV, which must have this tag.
func (s *String) ReadTag(tag byte, value *[]byte) bool {
	rest := *s
	var t byte
	var v []byte
	if !rest.ReadTLV(&t, &v) || t != tag {
		return false
	}
	*value, *s = v, rest
	return true
}

// PeekTag reports whether the next byte is this tag.
func (s String) PeekTag(tag byte) bool { return len(s) > 0 && s[0] == tag }

func (s *String) readLength(n *int) bool {
	var first byte
	if !s.ReadUint8(&first) {
		return false
	}
	if first < 0x80 {
		*n = int(first)
		return true
	}
	var b []byte
	if first == 0x80 || first > 0x82 || !s.Read(int(first-0x80), &b) {
		return false // 80 (indefinite) and lengths over 65535 occur in no applet
	}
	*n = 0
	for _, x := range b {
		*n = *n<<8 | int(x)
	}
	return true
}
