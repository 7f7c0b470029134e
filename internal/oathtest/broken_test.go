package oathtest_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const brokenVar = "OATHTEST_BROKEN"

// pretend answers 9000 to the commands with this instruction, and does nothing.
func pretend(ins byte) wrapper {
	return func(c []byte, key func([]byte) []byte) []byte {
		if is(c, ins) {
			return []byte{0x90, 0x00}
		}
		return key(c)
	}
}

// replaced sends a changed command.
func replaced(ins byte, from, to string) wrapper {
	return func(c []byte, key func([]byte) []byte) []byte {
		if is(c, ins) {
			c = bytes.Replace(c, []byte(from), []byte(to), 1)
			c[4] = byte(len(c) - 5)
		}
		return key(c)
	}
}

// answered changes an answer.
func answered(ins byte, from, to string) wrapper {
	return func(c []byte, key func([]byte) []byte) []byte {
		r := key(c)
		if is(c, ins) {
			r = bytes.Replace(r, []byte(from), []byte(to), 1)
		}
		return r
	}
}

// broken is a fault per row, and the check that must find it.
var broken = map[string]struct {
	check string
	wrap  wrapper
}{
	"digits of a code":          {"codes", answered(0xa2, "\x76\x05\x08", "\x76\x05\x06")},
	"digits of a whole answer":  {"codes", answered(0xa2, "\x75\x15\x08", "\x75\x15\x07")},
	"another hash":              {"codes", replaced(0x01, "\x22\x08", "\x21\x08")},
	"wrong bit in CALCULATE":    {"challenge", replaced(0xa2, "\x74\x08\x80", "\x74\x08\x00")},
	"period is ignored":         {"periods", replaced(0xa2, "\x71\x0d60/ACME:alice\x74\x08\x00\x00\x00\x00\x02\x35\x23\xed", "\x71\x0d60/ACME:alice\x74\x08\x00\x00\x00\x00\x02\x35\x23\xec")},
	"HOTP listed as TOTP":       {"counter", answered(0xa1, "\x11hotp", "\x21hotp")},
	"first counter is lost":     {"counter", replaced(0x01, "\x7a\x04\x00\x00\x00\x01", "\x7a\x04\x00\x00\x00\x00")},
	"counter of 16 bits":        {"counterHashes", replaced(0x01, "\x7a\x04\x02\x35", "\x7a\x04\x00\x00")},
	"CALCULATE ALL counts":      {"counter", countsAll},
	"touch is lost":             {"touch", replaced(0x01, "\x78\x02", "")},
	"HOTP in CALCULATE ALL":     {"all", answered(0xa4, "\x77\x01\x06", "\x7c\x01\x06")},
	"DELETE does nothing":       {"delete", pretend(0x02)},
	"DELETE finds everything":   {"absent", answered(0x02, "\x69\x84", "\x90\x00")},
	"RENAME does nothing":       {"rename", pretend(0x05)},
	"RENAME finds everything":   {"rename", answered(0x05, "\x69\x84", "\x90\x00")},
	"ids end at a zero":         {"names", replaced(0x01, "\x71\x03\xff\xfe\x00", "\x71\x02\xff\xfe")},
	"PUT keeps the old":         {"overwrite", replaced(0x01, "\x71\x05first\x73\x22\x22", "\x71\x05other\x73\x22\x22")},
	"full and says nothing":     {"full", answered(0x01, "\x6a\x84", "\x90\x00")},
	"the last part is lost":     {"full", pretend(0xa5)},
	"SET CODE does nothing":     {"password", pretend(0x03)},
	"removal does nothing":      {"password", removalIgnored},
	"any password will do":      {"wrongPassword", answered(0xa3, "\x6a\x80", "\x90\x00")},
	"another word for locked":   {"locked", answered(0xa1, "\x69\x82", "\x69\x85")},
	"tells while it is locked":  {"locked", answered(0xa4, "\x69\x82", "\x90\x00")},
	"VALIDATE without password": {"noPassword", answered(0xa3, "\x69\x84", "\x6a\x80")},
	"RESET does nothing":        {"reset", pretend(0x04)},
}

// countsAll moves the counter in CALCULATE ALL.
func countsAll(c []byte, key func([]byte) []byte) []byte {
	r := key(c)
	if is(c, 0xa4) {
		key([]byte("\x00\xa2\x00\x01\x08\x71\x04hotp\x74\x00"))
	}
	return r
}

func removalIgnored(c []byte, key func([]byte) []byte) []byte {
	if is(c, 0x03) && len(c) == 7 {
		return []byte{0x90, 0x00}
	}
	return key(c)
}

// TestBrokenCards proves that the suite finds faults: each broken card runs in a process of its own, which must fail in
// the check named for it. An honest card must pass there.
func TestBrokenCards(t *testing.T) {
	if name, child := os.LookupEnv(brokenVar); child {
		run(t, "5.4.3", func() wrapper {
			if w := broken[name].wrap; w != nil {
				return func(c []byte, key func([]byte) []byte) []byte {
					if len(c) == 0 {
						return nil
					}
					return w(bytes.Clone(c), key)
				}
			}
			return nil
		})
		return
	}
	if out, err := child(t, "none"); err != nil {
		t.Fatalf("an honest card fails: %v\n%s", err, out)
	}
	for name, b := range broken {
		out, err := child(t, name)
		if err == nil || !strings.Contains(out, "--- FAIL: TestBrokenCards/"+b.check+" ") {
			t.Errorf("%s: the check %q did not find it: %v\n%s", name, b.check, err, out)
		}
		if strings.Contains(out, "panic:") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func child(t *testing.T, name string) (string, error) {
	c := exec.Command(os.Args[0], "-test.run", "^TestBrokenCards$", "-test.v")
	c.Env = append(os.Environ(), brokenVar+"="+name)
	out, err := c.CombinedOutput()
	return string(out), err
}
