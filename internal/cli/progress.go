package cli

import (
	"fmt"
	"time"

	"ykmfa/internal/term"
)

// progress is the line on a terminal that says what a long task is busy with. In a pipe there is none.
type progress struct {
	app   *app
	tty   bool
	shown bool
	start time.Time
}

func (a *app) progress() *progress {
	a.busy = &progress{app: a, tty: !a.quiet && term.IsTerminal(a.Stderr), start: a.Now()}
	return a.busy
}

// show replaces the line.
func (p *progress) show(format string, args ...any) {
	if !p.tty {
		return
	}
	p.clear()
	fmt.Fprint(p.app.Stderr, term.Clean(fmt.Sprintf(format, args...)))
	p.shown = true
}

// clear takes the line away: talk goes where it was.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.app.Stderr, "\r\x1b[K")
		p.shown = false
	}
}

// count is how far a task is, before a line of talk that stays, and how long that took. In a pipe it is nothing.
func (p *progress) count(n, total int) string {
	if !p.tty {
		return ""
	}
	return fmt.Sprintf("%*d of %d  %6s", len(fmt.Sprint(total)), n, total, took(p.app.Now().Sub(p.start)))
}

// took writes a time as people say it.
func took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
