package qr

import "errors"

// The mode indicators (table 2).
const (
	modeEnd          = 0
	modeNumeric      = 1
	modeAlphanumeric = 2
	modeAppend       = 3
	modeByte         = 4
	modeFNC1         = 5
	modeECI          = 7
	modeKanji        = 8
	modeFNC1Second   = 9
)

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

var (
	// errInconsistent is data that no encoder writes: what was read was not a code, or was repaired wrongly.
	errInconsistent = errors.New("the data of the QR code contradicts itself")
	// errAppend and errFNC1 are codes whose bytes alone would mean something else.
	errAppend = errors.New("the QR code is one of several over which a text is spread (structured append): not supported")
	errFNC1   = errors.New("the QR code is a product code (FNC1): not supported")
)

// refusal reports whether the error is of a code that was read well.
func refusal(err error) bool { return errors.Is(err, errAppend) || errors.Is(err, errFNC1) }

// bitReader takes bits from the front. After the end it gives zeros, and says so once asked.
type bitReader struct {
	data []byte
	at   int // in bits
	over bool
}

func (r *bitReader) left() int { return len(r.data)*8 - r.at }

func (r *bitReader) take(n int) (v int) {
	if n > r.left() {
		r.at, r.over = len(r.data)*8, true
		return 0
	}
	for range n {
		v = v<<1 | int(r.data[r.at/8]>>(7-r.at%8))&1
		r.at++
	}
	return v
}

// lengthBits is how wide the count of characters is (table 3); 0 for a mode that has none.
func lengthBits(mode, version int) int {
	group := 0
	if version >= 10 {
		group++
	}
	if version >= 27 {
		group++
	}
	switch mode {
	case modeNumeric:
		return 10 + 2*group
	case modeAlphanumeric:
		return 9 + 2*group
	case modeByte:
		return []int{8, 16, 16}[group]
	case modeKanji:
		return 8 + 2*group
	}
	return 0
}

// parse reads the segments in the data codewords (section 7.4) as bytes. Kanji become Shift JIS; a change of the
// character set (ECI) is passed over, as the bytes are returned as they are. With strict, what follows the text must be
// the padding that the standard asks for: a sign that the error correction did not invent the text.
func parse(data []byte, version int, strict bool) (text []byte, err error) {
	r := &bitReader{data: data}
	text = make([]byte, 0, 3*len(data)) // at most 10 bits make 3 digits: no copy is left behind by growing
	for r.left() >= 4 {
		mode := r.take(4)
		if mode == modeEnd {
			break
		}
		if text, err = r.segment(mode, version, text); err == nil && r.over {
			err = errInconsistent
		}
		if err != nil {
			clear(text)
			return nil, err
		}
	}
	if (strict || len(text) == 0) && !r.padded() {
		clear(text)
		return nil, errInconsistent
	}
	return text, nil
}

// segment appends the characters of one segment.
func (r *bitReader) segment(mode, version int, text []byte) ([]byte, error) {
	n := r.take(lengthBits(mode, version))
	switch mode {
	case modeNumeric:
		return r.digits(n, text)
	case modeAlphanumeric:
		return r.alphanumerics(n, text)
	case modeByte:
		for i := 0; i < n && !r.over; i++ {
			text = append(text, byte(r.take(8)))
		}
		return text, nil
	case modeKanji:
		return r.kanji(n, text), nil
	case modeECI:
		return text, r.skipECI()
	case modeAppend:
		return text, errAppend
	case modeFNC1, modeFNC1Second:
		return text, errFNC1
	}
	return text, errInconsistent
}

// digits reads groups of three digits in 10 bits, and a rest in 7 or 4 (section 7.4.3).
func (r *bitReader) digits(n int, text []byte) ([]byte, error) {
	for n > 0 && !r.over {
		k := min(n, 3)
		v := r.take(1 + 3*k)
		if v >= []int{10, 100, 1000}[k-1] {
			return text, errInconsistent
		}
		for _, unit := range []int{100, 10, 1}[3-k:] {
			text = append(text, '0'+byte(v/unit%10))
		}
		n -= k
	}
	return text, nil
}

// alphanumerics reads pairs of characters in 11 bits, and a last one in 6 (section 7.4.4).
func (r *bitReader) alphanumerics(n int, text []byte) ([]byte, error) {
	for ; n > 1 && !r.over; n -= 2 {
		v := r.take(11)
		if v >= 45*45 {
			return text, errInconsistent
		}
		text = append(text, alphanumeric[v/45], alphanumeric[v%45])
	}
	if n == 1 && !r.over {
		v := r.take(6)
		if v >= 45 {
			return text, errInconsistent
		}
		text = append(text, alphanumeric[v])
	}
	return text, nil
}

// kanji reads characters of Shift JIS in 13 bits (section 7.4.6).
func (r *bitReader) kanji(n int, text []byte) []byte {
	for ; n > 0 && !r.over; n-- {
		v := r.take(13)
		v = v/0xc0<<8 | v%0xc0
		if v += 0x8140; v > 0x9ffc {
			v += 0xc140 - 0x8140
		}
		text = append(text, byte(v>>8), byte(v))
	}
	return text
}

// skipECI passes over the number of a character set, of one to three bytes (table 4).
func (r *bitReader) skipECI() error {
	switch first := r.take(8); {
	case first < 0x80:
	case first < 0xc0:
		r.take(8)
	case first < 0xe0:
		r.take(16)
	default:
		return errInconsistent
	}
	return nil
}

// padded reports whether only zeros up to the next byte, and then the pad codewords, are left (section 7.4.10).
func (r *bitReader) padded() bool {
	if r.take(r.left()%8) != 0 {
		return false
	}
	for pad := 0xec; r.left() > 0; pad ^= 0xec ^ 0x11 {
		if r.take(8) != pad {
			return false
		}
	}
	return true
}
