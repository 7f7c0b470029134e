package qr

import "bytes"

// segment is a part of a text, text[start:end], that is written in one mode.
type segment struct {
	mode, start, end int
}

// fits reports whether a byte can be written in a mode.
func fits(mode int, b byte) bool {
	switch mode {
	case modeNumeric:
		return b >= '0' && b <= '9'
	case modeAlphanumeric:
		return bytes.IndexByte([]byte(alphanumeric), b) >= 0
	}
	return true
}

// dataBits is how many bits n characters take.
func dataBits(mode, n int) int {
	switch mode {
	case modeNumeric:
		return (10*n + 2) / 3
	case modeAlphanumeric:
		return (11*n + 1) / 2
	}
	return 8 * n
}

// split divides a text into the segments that take the fewest bits: base32 in the middle of a URI is shorter as
// alphanumeric characters. Costs are counted in sixths of a bit, so that a third of 10 bits and half of 11 are whole.
func split(text []byte, version int) []segment {
	modes := [...]int{modeByte, modeAlphanumeric, modeNumeric}
	each := [...]int{6 * 8, 6 * 11 / 2, 6 * 10 / 3}
	const never = 1 << 40
	cost := [len(modes)]int{0, never, never} // of the text so far, when it ends in the mode
	for i := range modes {
		cost[i] = 6 * (4 + lengthBits(modes[i], version))
	}
	from := make([][len(modes)]byte, len(text)) // the mode before this byte, when this byte is written in the mode
	for at, b := range text {
		var next [len(modes)]int
		for i, mode := range modes {
			next[i] = never
			for j := range modes {
				c := cost[j]
				if j != i && at > 0 {
					c = (c+5)/6*6 + 6*(4+lengthBits(mode, version))
				}
				if (j == i || at > 0) && fits(mode, b) && c+each[i] < next[i] {
					next[i], from[at][i] = c+each[i], byte(j)
				}
			}
		}
		cost = next
	}
	last := 0
	for i := range modes {
		if (cost[i]+5)/6 < (cost[last]+5)/6 {
			last = i
		}
	}
	return trace(modes[:], from, last)
}

// trace walks back through the choices of split.
func trace(modes []int, from [][3]byte, last int) (all []segment) {
	for at := len(from) - 1; at >= 0; at-- {
		if n := len(all); n > 0 && all[n-1].mode == modes[last] {
			all[n-1].start = at
		} else {
			all = append(all, segment{modes[last], at, at + 1})
		}
		last = int(from[at][last])
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// bitWriter appends bits to bytes whose room was made before.
type bitWriter struct {
	data []byte
	at   int
}

func (w *bitWriter) put(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.data[w.at/8] |= byte(v>>i&1) << (7 - w.at%8)
		w.at++
	}
}

// writeSegments makes the data codewords: the segments, a terminator and padding to size bytes (section 7.4).
func writeSegments(text []byte, segments []segment, version, size int) []byte {
	w := bitWriter{data: make([]byte, size)}
	for _, s := range segments {
		w.put(s.mode, 4)
		w.put(s.end-s.start, lengthBits(s.mode, version))
		w.characters(s.mode, text[s.start:s.end])
	}
	w.at = min(w.at+4, 8*size)
	for at, pad := (w.at+7)/8, byte(0xec); at < size; at, pad = at+1, pad^0xec^0x11 {
		w.data[at] = pad
	}
	return w.data
}

func (w *bitWriter) characters(mode int, text []byte) {
	group, base := 1, 256
	switch mode {
	case modeNumeric:
		group, base = 3, 10
	case modeAlphanumeric:
		group, base = 2, 45
	}
	for len(text) > 0 {
		n, v := min(group, len(text)), 0
		for _, b := range text[:n] {
			v = v*base + value(mode, b)
		}
		w.put(v, dataBits(mode, n))
		text = text[n:]
	}
}

// value is the number of a character in its mode.
func value(mode int, b byte) int {
	if mode == modeByte {
		return int(b)
	}
	return bytes.IndexByte([]byte(alphanumeric), b)
}
