package sheet

import (
	"strconv"
	"strings"
)

// buffer collects a file that has secrets in it: when it grows, nothing is left behind in the smaller one.
type buffer struct {
	b []byte
}

func (o *buffer) grow(n int) {
	if cap(o.b)-len(o.b) >= n {
		return
	}
	old := o.b
	o.b = append(make([]byte, 0, 2*cap(old)+n+4096), old...)
	clear(old)
}

func (o *buffer) add(parts ...string) {
	for _, s := range parts {
		o.grow(len(s))
		o.b = append(o.b, s...)
	}
}

func (o *buffer) addBytes(p []byte) {
	o.grow(len(p))
	o.b = append(o.b, p...)
}

// numbers writes each with a blank behind it, with two decimals where it has any.
func (o *buffer) numbers(values ...float64) {
	for _, v := range values {
		o.add(number(v), " ")
	}
}

func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}
