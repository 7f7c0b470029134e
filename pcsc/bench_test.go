//go:build cgo && linux

package pcsc_test

import (
	"testing"

	"github.com/ebfe/scard"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
	"ykmfa/pcsc"
)

// inserted puts a key into the first reader for a benchmark.
func inserted(b *testing.B) {
	if daemon == nil {
		pcscdtest.Skip(b)
	}
	k, err := virtualkey.Open(virtualkey.Options{})
	if err != nil {
		b.Fatal(err)
	}
	daemon.Put(b, k, 0)
}

// BenchmarkRound is what a program that wants one code does with a key: open, two commands, close.
func BenchmarkRound(b *testing.B) {
	inserted(b)
	c, err := pcsc.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		card, err := c.Open(b.Context(), daemon.Reader(0))
		if err != nil {
			b.Fatal(err)
		}
		for range 2 {
			if _, err := card.Transmit(selectOATH); err != nil {
				b.Fatal(err)
			}
		}
		if err := card.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawRound is the same with the binding alone.
func BenchmarkRawRound(b *testing.B) {
	inserted(b)
	c, err := scard.EstablishContext()
	if err != nil {
		b.Fatal(err)
	}
	defer c.Release()
	for b.Loop() {
		card, err := c.Connect(daemon.Reader(0), scard.ShareShared, scard.ProtocolT0|scard.ProtocolT1)
		if err != nil {
			b.Fatal(err)
		}
		if err := card.BeginTransaction(); err != nil {
			b.Fatal(err)
		}
		for range 2 {
			if _, err := card.Transmit(selectOATH); err != nil {
				b.Fatal(err)
			}
		}
		if err := card.EndTransaction(scard.LeaveCard); err != nil {
			b.Fatal(err)
		}
		if err := card.Disconnect(scard.LeaveCard); err != nil {
			b.Fatal(err)
		}
	}
}
