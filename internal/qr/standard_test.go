package qr

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// The worked examples of the standard: annex I (01234567 in version 1-M), annex C (format information), annex D (version
// information), annex E (alignment patterns), table 1 (codewords).
func TestStandard(t *testing.T) {
	text := []byte("01234567")
	data := writeSegments(text, split(text, 1), 1, 16)
	if got := hex.EncodeToString(data); got != "10200c566180ec11ec11ec11ec11ec11" {
		t.Error("data codewords", got)
	}
	if got := hex.EncodeToString(newField().parity(data, 10)); got != "a524d4c1ed36c7872c55" {
		t.Error("error correction codewords", got)
	}
	if got := formatBits(M, 5); got != 0b100000011001110 {
		t.Errorf("format information %015b", got)
	}
	if got := versionBits(7); got != 0b000111110010010100 {
		t.Errorf("version information %018b", got)
	}
	if at := alignments(32); len(at) != 6 || at[1] != 34 || at[5] != 138 {
		t.Error("alignment patterns", at)
	}
	for version, n := range map[int]int{1: 26, 2: 44, 6: 172, 7: 196, 14: 581, 21: 1156, 40: 3706} {
		if got := codewords(version); got != n {
			t.Errorf("version %d: %d codewords", version, got)
		}
		for level := L; level <= H; level++ {
			if b := blocksOf(version, level); b.data()+b.count*b.parity != n {
				t.Errorf("version %d-%s: %+v", version, level, b)
			}
		}
	}
}

// TestMost: table 9 has fewer repairs than parity could do for the smallest codes only.
func TestMost(t *testing.T) {
	for _, c := range [][3]int{{1, int(L), 2}, {1, int(M), 4}, {1, int(Q), 6}, {1, int(H), 8}, {2, int(L), 4}, {2, int(M), 8}, {3, int(L), 7}, {3, int(M), 13}, {4, int(L), 10}, {40, int(H), 15}} {
		version, level := c[0], Level(c[1])
		if got := most(version, level, blocksOf(version, level).parity); got != c[2] {
			t.Errorf("version %d-%s: %d", version, level, got)
		}
	}
	f, random := newField(), rand.New(rand.NewPCG(18004, 6))
	block := letters(random, allBytes(), 19)
	block = append(block, f.parity(block, 7)...)
	for i := range 3 {
		block[i] ^= 0x55
	}
	if _, ok := f.correct(block, 7, 2); ok {
		t.Error("three errors are repaired where two may be")
	}
}

// TestPenalty: the rules of section 7.8.3.1, on rows that were counted by hand.
func TestPenalty(t *testing.T) {
	for row, want := range map[string]int{"0101010101": 0, "0000010101": 3, "1111111010": 5, "00001011101": 40, "10111010000": 40, "0000101110100001": 80} {
		if got := runs(len(row), func(i int) int { return int(row[i] - '0') }); got != want {
			t.Errorf("%s: %d, not %d", row, got, want)
		}
	}
}

// TestFormatDistance: any three wrong bits of one copy do no harm, even when the other copy is lost.
func TestFormatDistance(t *testing.T) {
	for level := L; level <= H; level++ {
		for mask := range 8 {
			want := format{level, mask}
			for bits := range 1 << 15 {
				if n := onesOf(bits); n > 3 {
					continue
				}
				seen := formatBits(level, mask) ^ bits
				if got := nearFormats([2]int{seen, seen}); got[0] != want {
					t.Fatalf("%v with %015b wrong: %v", want, bits, got)
				}
			}
		}
	}
}

func onesOf(v int) (n int) {
	for ; v > 0; v &= v - 1 {
		n++
	}
	return n
}

// TestCorrect: as many wrong bytes as may be are repaired; more are noticed, or make another valid word, never one that
// is not.
func TestCorrect(t *testing.T) {
	f, random := newField(), rand.New(rand.NewPCG(18004, 4))
	for range 3000 {
		n, parity := 1+random.IntN(120), 7+random.IntN(24)
		block := letters(random, allBytes(), n)
		block = append(block, f.parity(block, parity)...)
		wrong := random.IntN(parity + 2)
		seen := bytes.Clone(block)
		for _, i := range random.Perm(len(block))[:min(wrong, len(block))] {
			seen[i] ^= byte(1 + random.IntN(255))
		}
		got, ok := f.correct(seen, parity, parity/2)
		switch _, valid := f.syndromes(seen, parity); {
		case wrong <= parity/2 && (!ok || got != wrong || !bytes.Equal(seen, block)):
			t.Fatalf("%d of %d wrong with %d of parity: %d, %v", wrong, n, parity, got, ok)
		case ok && !valid:
			t.Fatal("what was repaired is not valid")
		}
	}
}

// TestNeverWrong: a code with modules turned over is read right or not at all.
func TestNeverWrong(t *testing.T) {
	f, random := newField(), rand.New(rand.NewPCG(18004, 5))
	right, none := 0, 0
	for i := range 6000 {
		version, level := 1+i%6, Level(random.IntN(4))
		n := 1 + random.IntN(capacity(modeByte, version, level))
		text := letters(random, []string{"0123456789", "abcdef234567"}[i%2], n)
		c := encode(text, split(text, version), version, level, -1)
		damage := random.IntN(c.Width * c.Width / 6)
		for range damage {
			*c.grid.at(random.IntN(c.Width), random.IntN(c.Width)) ^= dark
		}
		switch got, err := decodeGrid(f, c.grid, layout(version)); {
		case err == nil && !bytes.Equal(got, text):
			t.Fatalf("version %d-%s with %d modules wrong: %q is read as %q", version, level, damage, text, got)
		case err == nil:
			right++
		default:
			none++
		}
	}
	if right < 1000 || none < 1000 {
		t.Errorf("%d read, %d not: this says little", right, none)
	}
}

// TestParse: bit streams by hand, of version 1.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		bits, text string
		err        error
	}{
		{"0100 00000001 01000001 0000", "A", nil},
		{"0100 00000001 01000001", "A", nil},
		{"0100 00000001 01000001 0000 11101100 00010001", "A", nil},
		{"0100 00000001 01000001 0000 11101100 00010000", "", errInconsistent},
		{"0001 0000000001 0101 0000 01 11101100", "", errInconsistent},
		{"0100 00000010 01000001", "", errInconsistent},                     // ends in the middle
		{"0111 00011010 0100 00000001 11111111 0000", "\xff", nil},          // ECI 26
		{"0111 10000000 00011010 0100 00000001 11111111 0000", "\xff", nil}, // in two bytes
		{"0111 11000000 00000000 00011010 0100 00000001 11111111 0000", "\xff", nil},
		{"0111 11111111 0100 00000001 11111111 0000", "", errInconsistent},
		{"0001 0000000100 0000001100 0101", "0125", nil},
		{"0001 0000000011 1111101000", "", errInconsistent}, // 1000 in three digits
		{"0001 0000000010 1100100", "", errInconsistent},
		{"0001 0000000001 1010", "", errInconsistent},
		{"0010 000000101 00111001110 11100111001 000010", "AC-42", nil}, // section 7.4.4
		{"0010 000000010 11111101001", "", errInconsistent},
		{"0010 000000001 101101", "", errInconsistent},
		{"1000 00000010 0110110011111 1101010101010", "\x93\x5f\xe4\xaa", nil}, // section 7.4.6
		{"1000 00000001 1111111111111", "\xeb\xbf", nil},
		{"0011 0000 0001 00000000", "", errAppend},
		{"0101 0100 00000001 01000001", "", errFNC1},
		{"1001 00000000 0100 00000001 01000001", "", errFNC1},
		{"0110 0000", "", errInconsistent},
		{"0000 0000 11101100", "", nil},
		{"0000 0000 00000000", "", errInconsistent}, // blank, no code
	} {
		got, err := parse(fromBits(c.bits), 1, true)
		if string(got) != c.text || err != c.err {
			t.Errorf("%s: %q, %v", c.bits, got, err)
		}
	}
	if got, err := parse(fromBits("0100 00000001 01000001 0000 00000000"), 1, false); string(got) != "A" || err != nil {
		t.Errorf("a code without errors, with other padding: %q, %v", got, err)
	}
}

// fromBits packs bits and fills the last byte with zeros.
func fromBits(s string) []byte {
	w := bitWriter{data: make([]byte, len(s))}
	for _, b := range s {
		if b != ' ' {
			w.put(int(b-'0'), 1)
		}
	}
	return w.data[:(w.at+7)/8]
}
