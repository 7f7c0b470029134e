package qr

// The two things that a cell of a grid says.
const (
	dark     = 1 << iota // the module is dark
	function             // the module belongs to a pattern, not to the data
)

// grid is a square of modules.
type grid struct {
	size  int
	cells []byte
}

func newGrid(size int) grid { return grid{size, make([]byte, size*size)} }

func (g grid) at(x, y int) *byte { return &g.cells[y*g.size+x] }

func (g grid) bit(x, y int) int { return int(*g.at(x, y) & dark) }

// layout is the function patterns of a version, dark or light, with the places of format and version information
// reserved (section 6.3).
func layout(version int) grid {
	g := newGrid(sizeOf(version))
	for i := range g.size {
		for _, at := range []*byte{g.at(i, 6), g.at(6, i)} { // timing
			*at = function | byte(1-i&1)
		}
	}
	for _, c := range [][2]int{{3, 3}, {g.size - 4, 3}, {3, g.size - 4}} {
		g.rings(c[0], c[1], 4)
	}
	at := alignments(version)
	for i, y := range at {
		for j, x := range at {
			last := len(at) - 1
			if !(i == 0 && (j == 0 || j == last) || i == last && j == 0) { // not over the finders
				g.rings(x, y, 2)
			}
		}
	}
	for copy := range 2 {
		for bit := range 15 {
			x, y := formatPlace(g.size, copy, bit)
			*g.at(x, y) = function
		}
	}
	*g.at(8, g.size-8) = function | dark // always (section 7.9.1)
	if version >= 7 {
		for copy := range 2 {
			for bit := range 18 {
				x, y := versionPlace(g.size, copy, bit)
				*g.at(x, y) = function
			}
		}
	}
	return g
}

// rings draws concentric squares: an alignment pattern (radius 2), or a finder with its separator (radius 4).
func (g grid) rings(cx, cy, radius int) {
	for dy := -radius; dy <= radius; dy++ {
		for dx := -radius; dx <= radius; dx++ {
			x, y := cx+dx, cy+dy
			if x < 0 || y < 0 || x >= g.size || y >= g.size {
				continue
			}
			*g.at(x, y) = function | ringAt(dx, dy, radius)
		}
	}
}

// ringAt is dark or not, by the distance from the centre of an alignment or a finder pattern.
func ringAt(dx, dy, radius int) byte {
	r := max(dx, -dx, dy, -dy)
	if radius == 2 {
		return byte(1 - r&1)
	}
	if r == 2 || r == 4 {
		return 0
	}
	return dark
}

// formatPlace is where a bit of the format information lies, 0 being the lowest (figure 25).
func formatPlace(size, copy, bit int) (x, y int) {
	switch {
	case copy == 0 && bit < 6:
		return 8, bit
	case copy == 0 && bit < 8:
		return 8, bit + 1
	case copy == 0 && bit == 8:
		return 7, 8
	case copy == 0:
		return 14 - bit, 8
	case bit < 8:
		return size - 1 - bit, 8
	}
	return 8, size - 15 + bit
}

// versionPlace is where a bit of the version information lies (figure 27).
func versionPlace(size, copy, bit int) (x, y int) {
	x, y = size-11+bit%3, bit/3
	if copy == 1 {
		x, y = y, x
	}
	return x, y
}

// places visits the modules of the data in the order of its bits (section 7.7.3).
func (g grid) places(visit func(x, y int)) {
	up := true
	for right := g.size - 1; right > 0; right -= 2 {
		if right == 6 { // the timing pattern's column holds no data
			right--
		}
		for i := range g.size {
			y := i
			if up {
				y = g.size - 1 - i
			}
			for _, x := range [2]int{right, right - 1} {
				if *g.at(x, y)&function == 0 {
					visit(x, y)
				}
			}
		}
		up = !up
	}
}

// masked reports whether a mask turns the module over (table 10).
func masked(mask, x, y int) bool {
	switch mask {
	case 0:
		return (x+y)%2 == 0
	case 1:
		return y%2 == 0
	case 2:
		return x%3 == 0
	case 3:
		return (x+y)%3 == 0
	case 4:
		return (y/2+x/3)%2 == 0
	case 5:
		return x*y%2+x*y%3 == 0
	case 6:
		return (x*y%2+x*y%3)%2 == 0
	}
	return ((x+y)%2+x*y%3)%2 == 0
}
