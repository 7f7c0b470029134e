//go:build windows || (cgo && (!linux || libpcsclite))

package pcsc

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestRunUndoes: what an abandoned call still returns is undone, before the next in line begins.
func TestRunUndoes(t *testing.T) {
	l := newLink(nil)
	ctx, cancel := context.WithCancel(t.Context())
	goOn := make(chan struct{})
	var order []string
	_, err := run(ctx, l, func() (string, error) {
		cancel()
		<-goOn
		return "a card", nil
	}, func(what string) { order = append(order, "undo "+what) })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if l.idle() {
		t.Error("the link seems idle during a call")
	}
	if err := l.finish(func() error { order = append(order, "close"); return nil }); err != nil {
		t.Error(err)
	}
	close(goOn)
	if _, err := run(t.Context(), l, func() (int, error) { order = append(order, "next"); return 0, nil }, func(int) {}); err != nil {
		t.Error(err)
	}
	if want := []string{"undo a card", "close", "next"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if !l.idle() {
		t.Error("the link is not idle after its last call")
	}
}

// TestRunAfterTheEnd: nothing is called for a context that has ended, and an error is not undone.
func TestRunAfterTheEnd(t *testing.T) {
	l := newLink(nil)
	ctx, cancel := context.WithCancel(t.Context())
	failure := errors.New("failure")
	undo := func(int) { t.Error("undone") }
	if _, err := run(ctx, l, func() (int, error) { return 0, failure }, undo); err != failure {
		t.Errorf("error %v", err)
	}
	cancel()
	_, err := run(ctx, l, func() (int, error) { t.Error("called"); return 0, nil }, undo)
	if !errors.Is(err, context.Canceled) || !l.idle() {
		t.Errorf("error %v", err)
	}
}
