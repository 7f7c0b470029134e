package qr

import "math/bits"

// Level is how much of a code may be damaged: about 7, 15, 25 or 30 per cent.
type Level int

const (
	L Level = iota
	M
	Q
	H
)

func (l Level) String() string { return "LMQH"[l : l+1] }

// bits are the two bits for the level in the format information (table 12).
func (l Level) bits() int { return int([]byte{1, 0, 3, 2}[l]) }

// maxVersion is the largest size of code: 177 x 177 modules.
const maxVersion = 40

func sizeOf(version int) int { return 17 + 4*version }

// blocks is how the codewords of a code are divided (table 9): count blocks with parity codewords of error correction
// each; the first short of them have size data codewords, the others one more.
type blocks struct {
	count, short, size, parity int
}

func (b blocks) data() int { return b.count*b.size + b.count - b.short }

// most is how many codewords of a block may be repaired (table 9): half of its parity, less in the smallest codes,
// where the standard wants errors noticed rather than repaired wrongly.
func most(version int, level Level, parity int) int {
	switch {
	case version == 1 && level == L:
		return 2
	case version == 1, version == 2 && level == L, version == 3 && level == L:
		return (parity - 1) / 2
	}
	return parity / 2
}

// blocksOf is table 9.
func blocksOf(version int, level Level) blocks {
	parity := [4][maxVersion]byte{
		{7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
		{10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28},
		{13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
		{17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	}
	count := [4][maxVersion]byte{
		{1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25},
		{1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49},
		{1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68},
		{1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81},
	}
	b := blocks{count: int(count[level][version-1]), parity: int(parity[level][version-1])}
	total := codewords(version)
	b.size = total/b.count - b.parity
	b.short = b.count - total%b.count
	return b
}

// codewords is how many bytes the modules hold that are not taken by function patterns (section 7.1, table 1).
func codewords(version int) int {
	modules := (16*version+128)*version + 64
	if n := len(alignments(version)); n > 0 {
		modules -= (25*n-10)*n - 55
	}
	if version >= 7 {
		modules -= 36
	}
	return modules / 8
}

// alignments are the rows and columns on which the centres of alignment patterns lie (annex E).
func alignments(version int) []int {
	if version == 1 {
		return nil
	}
	n := version/7 + 2
	step := 26
	if version != 32 {
		step = (version*4 + n*2 + 1) / (n*2 - 2) * 2
	}
	at := make([]int, n)
	at[0] = 6
	for i := 1; i < n; i++ {
		at[i] = sizeOf(version) - 7 - (n-1-i)*step
	}
	return at
}

// formatBits are the 15 bits of format information: level, mask, and a BCH code over them (section 7.9).
func formatBits(level Level, mask int) int {
	data := level.bits()<<3 | mask
	return (data<<10 | remainder(data<<10, 0x537)) ^ 0x5412
}

// versionBits are the 18 bits of version information, for version 7 and larger (section 7.10).
func versionBits(version int) int { return version<<12 | remainder(version<<12, 0x1f25) }

// remainder divides polynomials over GF(2).
func remainder(value, by int) int {
	for n := bits.Len(uint(by)); bits.Len(uint(value)) >= n; {
		value ^= by << (bits.Len(uint(value)) - n)
	}
	return value
}

// nearFormats are the formats that the two copies may mean, the more likely first: up to 3 of the 15 bits of a copy may
// be wrong.
func nearFormats(copies [2]int) (all []format) {
	for distance := range 4 {
		for _, seen := range copies {
			for level := L; level <= H; level++ {
				for mask := range 8 {
					f := format{level, mask}
					if bits.OnesCount(uint(seen^formatBits(level, mask))) == distance && (len(all) == 0 || all[0] != f) {
						all = append(all, f)
					}
				}
			}
		}
	}
	return all[:min(len(all), 2)]
}

// format is what the format information says.
type format struct {
	level Level
	mask  int
}
