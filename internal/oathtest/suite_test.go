package oathtest_test

import (
	"testing"

	"ykmfa/internal/oathtest"
	"ykmfa/internal/virtualkey"
)

type card struct{ *virtualkey.Key }

func (c card) PowerCycle() error {
	c.Reset()
	return nil
}

func TestVirtualKeys(t *testing.T) {
	for _, firmware := range virtualkey.Profiles() {
		t.Run(firmware, func(t *testing.T) {
			oathtest.Run(t, func(t *testing.T) oathtest.Card {
				k, err := virtualkey.Open(virtualkey.Options{Firmware: firmware})
				if err != nil {
					t.Fatal(err)
				}
				return card{k}
			})
		})
	}
}
