package oathtest_test

import (
	"bytes"
	"fmt"
	"testing"

	"ykmfa/internal/oathtest"
	"ykmfa/internal/virtualkey"
)

// card is a virtual key. wrap, if there is one, stands between the suite and the key.
type card struct {
	key  *virtualkey.Key
	wrap wrapper
}

// wrapper answers a command, with the help of the real key.
type wrapper func(command []byte, key func([]byte) []byte) []byte

func (c *card) Transmit(command []byte) ([]byte, error) {
	if c.wrap == nil {
		return c.key.Transmit(command)
	}
	return c.wrap(command, c.transmit), nil
}

func (c *card) transmit(command []byte) []byte {
	response, err := c.key.Transmit(command)
	if err != nil {
		panic(err) // only of a card with faults
	}
	return response
}

func (c *card) PowerCycle() error {
	c.key.Reset()
	if c.wrap != nil {
		c.wrap(nil, c.transmit)
	}
	return nil
}

// run runs the suite on a profile; newWrapper may be nil. A wrapper gets an empty command for a power cycle.
func run(t *testing.T, firmware string, newWrapper func() wrapper) {
	oathtest.Run(t, func(t *testing.T) oathtest.Card {
		k, err := virtualkey.Open(virtualkey.Options{Firmware: firmware})
		if err != nil {
			t.Fatal(err)
		}
		c := &card{key: k}
		if newWrapper != nil {
			c.wrap = newWrapper()
		}
		return c
	})
}

func TestVirtualKeys(t *testing.T) {
	for _, firmware := range virtualkey.Profiles() {
		t.Run(firmware, func(t *testing.T) { run(t, firmware, nil) })
	}
}

// isSelect and isOATH tell commands apart that share an instruction.
func isSelect(c []byte) bool { return len(c) > 4 && c[1] == 0xa4 && c[2] == 0x04 }

func is(c []byte, ins byte) bool { return len(c) >= 4 && c[1] == ins && !isSelect(c) }

func failed(response []byte) bool { return !bytes.HasSuffix(response, []byte{0x90, 0x00}) }

// version puts another version into the answer to SELECT.
func version(response []byte, v ...byte) []byte {
	if len(response) > 5 && response[0] == 0x79 {
		copy(response[2:5], v)
	}
	return response
}

// TestOtherFirmware runs the suite on versions in whose place package oath does something else: the reader of 4.2.6 that
// needs another command, the ids of 4.3.4 that overwrite each other.
func TestOtherFirmware(t *testing.T) {
	for _, v := range [][]byte{{4, 2, 0}, {4, 2, 6}, {4, 3, 4}, {5, 3, 0}} {
		base := "4.3.5"
		if v[0] == 5 {
			base = "5.4.3"
		}
		t.Run(fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]), func(t *testing.T) {
			run(t, base, func() wrapper {
				return func(command []byte, key func([]byte) []byte) []byte {
					response := []byte(nil)
					if len(command) > 0 {
						response = key(command)
					}
					if isSelect(command) {
						return version(response, v...)
					}
					return response
				}
			})
		})
	}
}

// TestCanoKey runs the suite on a card that differs from a YubiKey in all that is known of CanoKey, but for HOTP.
func TestCanoKey(t *testing.T) {
	run(t, "5.4.3", func() wrapper { return new(canoKey).transmit })
}

// canoKey calls itself 6.0.0, has no RESET, does not overwrite, locks after SET CODE but not after SELECT, and takes
// challenges of at most eight bytes.
type canoKey struct {
	ids       map[string]bool
	selected  []byte // the answer to SELECT, while it stays
	mustLock  bool
	validated bool
}

func (k *canoKey) transmit(command []byte, key func([]byte) []byte) []byte {
	switch {
	case len(command) == 0:
		*k = canoKey{ids: k.ids}
		return nil
	case isSelect(command):
		return k.answerSelect(command, key)
	case is(command, 0x04):
		return []byte{0x6d, 0x00}
	case k.mustLock:
		return []byte{0x69, 0x82}
	}
	var id string
	if is(command, 0x01) || is(command, 0x02) || is(command, 0x05) {
		id = string(command[7 : 7+command[6]])
	}
	if is(command, 0x01) && k.ids[id] {
		return []byte{0x69, 0x85}
	}
	response := key(command)
	if !failed(response) {
		k.remember(command, id)
	}
	return response
}

func (k *canoKey) answerSelect(command []byte, key func([]byte) []byte) []byte {
	if k.validated {
		return bytes.Clone(k.selected)
	}
	k.mustLock = false
	k.selected = version(key(command), 6, 0, 0)
	return bytes.Clone(k.selected)
}

// remember follows what a command that succeeded has changed.
func (k *canoKey) remember(command []byte, id string) {
	if k.ids == nil {
		k.ids = map[string]bool{}
	}
	switch command[1] {
	case 0x01:
		k.ids[id] = true
	case 0x02:
		delete(k.ids, id)
	case 0x05:
		delete(k.ids, id)
		k.ids[string(command[7+len(id)+2:])] = true
	case 0x03:
		k.validated, k.mustLock = false, len(command) > 7
	case 0xa3:
		k.validated = true
	}
}
