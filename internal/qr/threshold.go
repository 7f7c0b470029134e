package qr

// bitmap says of every pixel whether it is dark (1) or light (0).
type bitmap struct {
	w, h    int
	pix     []byte
	compass *[rays]point
}

// dark is 1 where the pixel at the point is dark, in a picture without edges: outside is light.
func (b bitmap) dark(x, y float64) byte {
	if x < 0 || y < 0 || int(x) >= b.w || int(y) >= b.h {
		return 0
	}
	return b.pix[int(y)*b.w+int(x)]
}

// global splits the pixels at one brightness, which separates the two classes best (Otsu's method).
func (p plane) global(into bitmap) {
	var count [256]int
	total, sum := len(p.pix), 0
	for _, v := range p.pix {
		count[v]++
	}
	for v, n := range count {
		sum += v * n
	}
	best, threshold := -1.0, 0
	for v, n, s := 0, 0, 0; v < 255; v++ {
		n += count[v]
		s += v * count[v]
		if n == 0 || n == total {
			continue
		}
		gap := float64(s)/float64(n) - float64(sum-s)/float64(total-n)
		if spread := gap * gap * float64(n) * float64(total-n); spread > best {
			best, threshold = spread, v
		}
	}
	for i, v := range p.pix {
		into.pix[i] = byte((int(v) - threshold - 1) >> 8 & 1)
	}
}

// The local threshold looks at squares of tile pixels, and as many of them around each as reach says.
const (
	tile     = 8
	reach    = 2
	contrast = 10 // least difference between dark and light; below, a surface is taken as plain, and light
)

// local splits the pixels half way between the darkest and the brightest pixel around: edges stay where they are in a
// blurred picture, and light that falls unevenly does no harm.
func (p plane) local(into bitmap) {
	w, h := (p.w+tile-1)/tile, (p.h+tile-1)/tile
	low, high := newPlane(w, h), newPlane(w, h)
	for y := range h {
		lows, highs := low.row(y), high.row(y)
		for x := range lows {
			lows[x], highs[x] = p.extremes(x*tile, y*tile)
		}
	}
	low.spread(func(a, b byte) byte { return min(a, b) })
	high.spread(func(a, b byte) byte { return max(a, b) })
	for y := range p.h {
		from, to := p.row(y), into.pix[y*p.w:(y+1)*p.w]
		lows, highs := low.row(y/tile), high.row(y/tile)
		for i := range lows {
			threshold := (int(lows[i]) + int(highs[i]) + 1) / 2
			if int(highs[i])-int(lows[i]) < contrast {
				threshold = 0
			}
			for x := i * tile; x < min((i+1)*tile, p.w); x++ {
				to[x] = byte((int(from[x]) - threshold) >> 8 & 1)
			}
		}
	}
}

// extremes are the darkest and the brightest pixel of a tile.
func (p plane) extremes(x, y int) (low, high byte) {
	low = 255
	for j := y; j < min(y+tile, p.h); j++ {
		for _, v := range p.pix[j*p.w+x : j*p.w+min(x+tile, p.w)] {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// spread takes every value from all those around it, by rows and then by columns.
func (p plane) spread(pick func(a, b byte) byte) {
	old := make([]byte, max(p.w, p.h))
	line := func(start, step, n int) {
		for i := range n {
			old[i] = p.pix[start+i*step]
		}
		for i := range n {
			v := old[i]
			for j := max(i-reach, 0); j <= min(i+reach, n-1); j++ {
				v = pick(v, old[j])
			}
			p.pix[start+i*step] = v
		}
	}
	for y := range p.h {
		line(y*p.w, 1, p.w)
	}
	for x := range p.w {
		line(x, p.w, p.h)
	}
}
