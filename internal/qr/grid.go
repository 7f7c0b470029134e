package qr

// decodeGrid reads the modules of a code.
func decodeGrid(f *field, g, pattern grid) (text []byte, err error) {
	err = errInconsistent
	for _, kind := range nearFormats(g.formats()) {
		if text, err = decodeFormat(f, g, pattern, kind); err == nil || refusal(err) {
			return text, err
		}
	}
	return nil, err
}

// formats are the two copies of the format information.
func (g grid) formats() (copies [2]int) {
	for copy := range copies {
		for bit := range 15 {
			copies[copy] |= g.bit(formatPlace(g.size, copy, bit)) << bit
		}
	}
	return copies
}

// decodeFormat reads the modules of a code whose level and mask are known.
func decodeFormat(f *field, g, pattern grid, kind format) ([]byte, error) {
	version := (g.size - 17) / 4
	raw := g.codewords(pattern, kind.mask, codewords(version))
	defer clear(raw)
	data, repaired, ok := joinBlocks(f, raw, version, kind.level)
	defer clear(data)
	if !ok {
		return nil, errInconsistent
	}
	return parse(data, version, repaired > 0)
}

// codewords takes the mask off and gathers n bytes.
func (g grid) codewords(pattern grid, mask, n int) []byte {
	raw, at := make([]byte, n), 0
	pattern.places(func(x, y int) {
		if at/8 == n { // up to 7 remainder bits hold nothing
			return
		}
		bit := byte(g.bit(x, y))
		if masked(mask, x, y) {
			bit ^= 1
		}
		raw[at/8] |= bit << (7 - at%8)
		at++
	})
	return raw
}

// joinBlocks puts the blocks together from the interleaved codewords (section 7.6), repairs each, and returns their
// data one after the other.
func joinBlocks(f *field, raw []byte, version int, level Level) (data []byte, repaired int, ok bool) {
	b := blocksOf(version, level)
	data = make([]byte, 0, b.data())
	block := make([]byte, b.size+1+b.parity)
	defer clear(block)
	for i := range b.count {
		n := b.size
		if i >= b.short {
			n++
		}
		for j := range n {
			block[j] = raw[b.place(i, j)]
		}
		for j := range b.parity {
			block[n+j] = raw[b.data()+j*b.count+i]
		}
		wrong, ok := f.correct(block[:n+b.parity], b.parity, most(version, level, b.parity))
		if !ok {
			return data, 0, false
		}
		repaired += wrong
		data = append(data, block[:n]...)
	}
	return data, repaired, true
}

// place is where the data codeword j of block i lies among all codewords: the blocks take turns, and the short ones are
// left out of the last turn.
func (b blocks) place(i, j int) int {
	if j == b.size {
		return j*b.count + i - b.short
	}
	return j*b.count + i
}

// transposed is the grid of the code's mirror image.
func (g grid) transposed() grid {
	t := newGrid(g.size)
	for y := range g.size {
		for x := range g.size {
			*t.at(y, x) = *g.at(x, y)
		}
	}
	return t
}
