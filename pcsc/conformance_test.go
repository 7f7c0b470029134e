//go:build cgo && linux

package pcsc_test

import (
	"os"
	"testing"

	"ykmfa/internal/oathtest"
	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
	"ykmfa/pcsc"
)

// reopened is a card that is reset between two connections for a power cycle.
type reopened struct {
	*pcsc.Card
	t      *testing.T
	client *pcsc.Client
	reader string
}

func (r *reopened) PowerCycle() error {
	if err := r.CloseReset(); err != nil {
		return err
	}
	r.Card = open(r.t, r.client, r.reader)
	return nil
}

func conform(t *testing.T, c *pcsc.Client, reader string) {
	oathtest.Run(t, func(t *testing.T) oathtest.Card {
		r := &reopened{t: t, client: c, reader: reader, Card: open(t, c, reader)}
		t.Cleanup(func() { r.CloseReset() })
		return r
	})
}

// TestConformance runs the suite of every card on each virtual key, through pcscd.
func TestConformance(t *testing.T) {
	for _, firmware := range virtualkey.Profiles() {
		t.Run(firmware, func(t *testing.T) {
			d, c, _, _ := start(t, virtualkey.Options{Firmware: firmware})
			conform(t, c, d.Reader(0))
		})
	}
}

// TestConformanceWipesHardware runs the suite on the card in the reader that YKMFA_TEST_WIPES_READER names. It wipes the
// card's OATH applet. It needs PCSC_TEST_NOWHERE=1 too, so that no other pcscd is in the way, and a finger on the key.
func TestConformanceWipesHardware(t *testing.T) {
	reader := os.Getenv("YKMFA_TEST_WIPES_READER")
	if reader == "" {
		return
	}
	c, err := pcsc.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	card := open(t, c, reader)
	if _, err := oath.Select(card); err != nil {
		t.Fatal(err)
	}
	card.Close()
	conform(t, c, reader)
}
