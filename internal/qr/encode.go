package qr

import (
	"errors"
	"math"
)

// Code is a QR code that was made. It holds what was encoded as much as its pictures do: see Wipe.
type Code struct {
	Version int
	Level   Level
	Width   int // modules from edge to edge, without the quiet zone
	grid    grid
}

// Black reports whether a module is dark. Outside of the code lies the quiet zone, which is light.
func (c *Code) Black(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.Width && y < c.Width && *c.grid.at(x, y)&dark != 0
}

// Wipe overwrites the modules.
func (c *Code) Wipe() { clear(c.grid.cells) }

// Encode makes the smallest code that holds the text, with level M when that is no larger than L.
func Encode(text []byte) (*Code, error) {
	for version := 1; version <= maxVersion; version++ {
		segments := split(text, version)
		need := 0
		for _, s := range segments {
			need += 4 + lengthBits(s.mode, version) + dataBits(s.mode, s.end-s.start)
		}
		for level := M; level >= L; level-- {
			if need <= 8*blocksOf(version, level).data() {
				return encode(text, segments, version, level, -1), nil
			}
		}
	}
	return nil, errors.New("too long for a QR code")
}

// encode makes a code of a version and level that hold the segments. A mask below 0 stands for the best one.
func encode(text []byte, segments []segment, version int, level Level, mask int) *Code {
	f, b := newField(), blocksOf(version, level)
	data := writeSegments(text, segments, version, b.data())
	defer clear(data)
	raw := splitBlocks(f, data, b)
	defer clear(raw)
	pattern := layout(version)
	draw := func(mask int) grid {
		g := newGrid(pattern.size)
		copy(g.cells, pattern.cells)
		g.write(pattern, raw, mask)
		g.stamp(version, format{level, mask})
		return g
	}
	if mask < 0 {
		mask = bestMask(draw)
	}
	return &Code{Version: version, Level: level, Width: pattern.size, grid: draw(mask)}
}

// bestMask has the lowest penalty (section 7.8.3).
func bestMask(draw func(mask int) grid) (best int) {
	least := math.MaxInt
	for mask := range 8 {
		g := draw(mask)
		if p := g.penalty(); p < least {
			least, best = p, mask
		}
		clear(g.cells)
	}
	return best
}

// splitBlocks adds error correction and interleaves: the inverse of joinBlocks.
func splitBlocks(f *field, data []byte, b blocks) []byte {
	raw := make([]byte, b.data()+b.count*b.parity)
	for i := range b.count {
		n := b.size
		if i >= b.short {
			n++
		}
		for j, d := range data[:n] {
			raw[b.place(i, j)] = d
		}
		for j, p := range f.parity(data[:n], b.parity) {
			raw[b.data()+j*b.count+i] = p
		}
		data = data[n:]
	}
	return raw
}

// write puts the codewords into the modules, with the mask over them and over the remainder bits.
func (g grid) write(pattern grid, raw []byte, mask int) {
	at := 0
	pattern.places(func(x, y int) {
		bit := byte(0)
		if at/8 < len(raw) {
			bit = raw[at/8] >> (7 - at%8) & 1
		}
		if masked(mask, x, y) {
			bit ^= 1
		}
		*g.at(x, y) = bit
		at++
	})
}

// stamp writes the format and version information.
func (g grid) stamp(version int, kind format) {
	for copy := range 2 {
		for bit := range 15 {
			x, y := formatPlace(g.size, copy, bit)
			*g.at(x, y) = function | byte(formatBits(kind.level, kind.mask)>>bit&1)
		}
		for bit := 0; bit < 18 && version >= 7; bit++ {
			x, y := versionPlace(g.size, copy, bit)
			*g.at(x, y) = function | byte(versionBits(version)>>bit&1)
		}
	}
}

// penalty is high for a code that scanners find hard to read: runs of five and more (1), squares of 2 x 2 (2), what
// looks like a finder (3), more dark than light or the other way round (4) (section 7.8.3.1).
func (g grid) penalty() (p int) {
	darks := 0
	for y := range g.size {
		p += runs(g.size, func(x int) int { return g.bit(x, y) })
		p += runs(g.size, func(x int) int { return g.bit(y, x) })
		for x := range g.size {
			darks += g.bit(x, y)
			if x > 0 && y > 0 {
				if four := g.bit(x, y) + g.bit(x-1, y) + g.bit(x, y-1) + g.bit(x-1, y-1); four%4 == 0 {
					p += 3
				}
			}
		}
	}
	total := g.size * g.size
	return p + max(20*darks-10*total, 10*total-20*darks)/total*10
}

// runs is the penalty of one row or column.
func runs(size int, bit func(int) int) (p int) {
	length, window := 0, 0
	for i := range size {
		b := bit(i)
		if i > 0 && b == window&1 {
			length++
		} else {
			length = 1
		}
		switch {
		case length == 5:
			p += 3
		case length > 5:
			p++
		}
		window = (window<<1 | b) & 0x7ff
		if i >= 10 && (window == 0b10111010000 || window == 0b00001011101) {
			p += 40
		}
	}
	return p
}
