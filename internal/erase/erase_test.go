package erase

import (
	"testing"
	"unsafe"
)

// TestDo: what a function leaves in its frame is gone afterwards, also in a goroutine whose stack has to grow for it.
func TestDo(t *testing.T) {
	done := make(chan bool)
	for range 10 {
		go func() {
			var at uintptr
			Do(func() { at = scribble() })
			done <- left(at)
		}()
		if <-done {
			t.Fatal("what was on the stack is still there")
		}
	}
	var at uintptr
	go func() {
		at = scribble()
		done <- left(at)
	}()
	if !<-done {
		t.Error("without Do nothing was there either: this test cannot fail")
	}
}

func TestPanic(t *testing.T) {
	defer func() {
		if recover() != "so" {
			t.Error("the panic of the function is lost")
		}
	}()
	Do(func() { panic("so") })
}

const mark = 0x5ec4e75ec4e75ec4

// scribble fills a part of its frame, and returns where that is, as a number: a pointer would move the frame to the heap.
//
//go:noinline
func scribble() uintptr {
	var words [64]uint64
	for i := range words {
		words[i] = mark + uint64(len(words)-64)
	}
	see(&words)
	return uintptr(unsafe.Pointer(&words))
}

//go:noinline
func see(*[64]uint64) {}

// left reports whether one of the words is still at its place.
//
//go:noinline
//go:nosplit
func left(at uintptr) bool {
	for i := range uintptr(64) {
		if word(at+8*i) == mark {
			return true
		}
	}
	return false
}

//go:nosplit
func word(at uintptr) uint64 { return **(**uint64)(unsafe.Pointer(&at)) }
