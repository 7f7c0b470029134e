package qr

// field has the tables of GF(256) with the polynomial x^8+x^4+x^3+x^2+1 (section 7.5.2). It is made per use, in a
// microsecond.
type field struct {
	exp [510]byte // doubled, so that a sum of two logarithms needs no modulo
	log [256]byte
}

func newField() *field {
	f := new(field)
	for i, x := 0, 1; i < 255; i++ {
		f.exp[i], f.exp[i+255] = byte(x), byte(x)
		f.log[x] = byte(i)
		if x <<= 1; x > 255 {
			x ^= 0x11d
		}
	}
	return f
}

func (f *field) mul(a, b byte) byte {
	if a == 0 || b == 0 {
		return 0
	}
	return f.exp[int(f.log[a])+int(f.log[b])]
}

// div is a/b; b is not 0.
func (f *field) div(a, b byte) byte {
	if a == 0 {
		return 0
	}
	return f.exp[int(f.log[a])+255-int(f.log[b])]
}

// power is 2^n.
func (f *field) power(n int) byte { return f.exp[n%255] }

// eval is the polynomial p, lowest coefficient first, at x.
func (f *field) eval(p []byte, x byte) (y byte) {
	for i := len(p) - 1; i >= 0; i-- {
		y = f.mul(y, x) ^ p[i]
	}
	return y
}

// parity is the n error correction codewords for data: the remainder of its division by the generator polynomial
// (x-1)(x-2)...(x-2^(n-1)).
func (f *field) parity(data []byte, n int) []byte {
	generator := make([]byte, n) // highest coefficient first, without the leading 1
	generator[n-1] = 1
	for i := range n {
		for j := range n {
			generator[j] = f.mul(generator[j], f.power(i))
			if j+1 < n {
				generator[j] ^= generator[j+1]
			}
		}
	}
	rest := make([]byte, n)
	for _, d := range data {
		factor := d ^ rest[0]
		copy(rest, rest[1:])
		rest[n-1] = 0
		for i := range rest {
			rest[i] ^= f.mul(generator[i], factor)
		}
	}
	return rest
}

// correct repairs block in place, whose last n bytes are its parity, and reports how many bytes were wrong. At most
// most of them are repaired: the standard keeps some of the smallest codes' parity for noticing errors only (table 9).
func (f *field) correct(block []byte, n, most int) (wrong int, ok bool) {
	syndromes, clean := f.syndromes(block, n)
	if clean {
		return 0, true
	}
	locator, wrong := f.locator(syndromes)
	if wrong > most || len(locator) != wrong+1 {
		return 0, false
	}
	if !f.repair(block, syndromes, locator) {
		return 0, false
	}
	_, clean = f.syndromes(block, n)
	return wrong, clean
}

// syndromes are the values of the block, as a polynomial, at the roots of the generator: all 0 when it is whole.
func (f *field) syndromes(block []byte, n int) ([]byte, bool) {
	s, clean := make([]byte, n), true
	for i := range s {
		x := f.power(i)
		for _, b := range block {
			s[i] = f.mul(s[i], x) ^ b
		}
		clean = clean && s[i] == 0
	}
	return s, clean
}

// locator finds the shortest polynomial that produces the syndromes (Berlekamp and Massey), and its length.
func (f *field) locator(syndromes []byte) (c []byte, length int) {
	c, before, gap, last := []byte{1}, []byte{1}, 1, byte(1)
	for n := range syndromes {
		d := syndromes[n]
		for i := 1; i <= length && i < len(c); i++ {
			d ^= f.mul(c[i], syndromes[n-i])
		}
		if d == 0 {
			gap++
			continue
		}
		next := make([]byte, max(len(c), len(before)+gap))
		copy(next, c)
		for i, b := range before {
			next[i+gap] ^= f.mul(f.div(d, last), b)
		}
		if 2*length <= n {
			length, before, last, gap = n+1-length, c, d, 0
		}
		c = next
		gap++
	}
	for len(c) > 0 && c[len(c)-1] == 0 {
		c = c[:len(c)-1]
	}
	return c, length
}

// repair adds the values of the errors at the roots of the locator (Chien's search, Forney's formula). It fails when
// there are fewer roots in the block than the locator has.
func (f *field) repair(block, syndromes, locator []byte) bool {
	values := make([]byte, len(syndromes)) // syndromes times locator, modulo x^n
	for i, s := range syndromes {
		for j, l := range locator {
			if i+j < len(values) {
				values[i+j] ^= f.mul(s, l)
			}
		}
	}
	slope := make([]byte, len(locator)-1) // the formal derivative: odd powers only
	for i := 1; i < len(locator); i += 2 {
		slope[i-1] = locator[i]
	}
	roots := 0
	for i := range block {
		x := f.power(255 - i%255) // the inverse of the place's value
		if f.eval(locator, x) != 0 {
			continue
		}
		down := f.eval(slope, x)
		if down == 0 {
			return false
		}
		block[len(block)-1-i] ^= f.mul(f.power(i), f.div(f.eval(values, x), down))
		roots++
	}
	return roots == len(locator)-1
}
