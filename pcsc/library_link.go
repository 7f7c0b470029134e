//go:build windows || (cgo && (!linux || libpcsclite))

package pcsc

import (
	"context"
	"sync"

	"github.com/ebfe/scard"
)

// link is one SCARDCONTEXT. PC/SC does one call at a time on each; libpcsclite moreover holds a lock of the whole process
// while a second call waits for the first, so that no other context gets anywhere either. Calls therefore line up here,
// where a context.Context can end the wait.
type link struct {
	context *scard.Context

	mu   sync.Mutex
	last chan struct{} // closed when the last call in line is through
}

func newLink(c *scard.Context) *link {
	l := &link{context: c}
	_, through := l.join()
	close(through)
	return l
}

// join puts a call in line: it may begin when turn is closed, and closes through at its end.
func (l *link) join() (turn <-chan struct{}, through chan struct{}) {
	through = make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	turn, l.last = l.last, through
	return turn, through
}

// idle reports whether a call could begin at once.
func (l *link) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.last:
		return true
	default:
		return false
	}
}

// finish runs f, which closes something, after all that is in line: in the background when that is not through yet.
func (l *link) finish(f func() error) error {
	turn, through := l.join()
	select {
	case <-turn:
		defer close(through)
		return f()
	default:
		go func() {
			defer close(through)
			<-turn
			f()
		}()
		return nil
	}
}

// run runs a call, which cannot be interrupted, when its turn comes. When ctx ends first, the call still comes to its end
// in the background, and undo gets what it returns before the next in line begins.
func run[T any](ctx context.Context, l *link, call func() (T, error), undo func(T)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result)
	turn, through := l.join()
	go func() {
		defer close(through)
		<-turn
		value, err := call()
		select {
		case done <- result{value, err}:
		case <-ctx.Done():
			if err == nil {
				undo(value)
			}
		}
	}()
	select {
	case r := <-done:
		<-through
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
