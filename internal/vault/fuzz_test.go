package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// FuzzOpen: whatever is in a file, it is opened, or refused with one of the errors that callers know; and a header that
// opens belongs to a text that was written.
func FuzzOpen(f *testing.F) {
	v := newVault(f)
	if err := v.Put("aws", []byte(uri)); err != nil {
		f.Fatal(err)
	}
	file, _ := v.file("aws")
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 a\n"))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"))
	ids := []Identity{v.Recovery(with(passphrase)), KeyIdentity(Key{}, notHere)}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := open(data, ids...)
		if err != nil && (text != nil || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoMatch)) {
			t.Errorf("%q, %v", text, err)
		}
		if err == nil && string(text) != uri {
			t.Errorf("a text that nobody wrote: %q", text)
		}
		_, _ = stanzasOf(data)
	})
}

// FuzzRecipients: a recipient that is added to a file, and taken out again, leaves the file as it was; and what is no
// recipient is not shown.
func FuzzRecipients(f *testing.F) {
	f.Add([]byte("# recovery identity\nage1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa\n\n# YubiKey 12345678, slot 82\nage1tag1qguqg7dnya9s543h6uagjeqmdy4l8u9pcszrx0l3sk9z0nqf2f60q0ay922\nssh-ed25519 AAAA x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list := parseRecipients(data)
		for _, r := range list {
			if (r.age == nil) != (r.Bad != "") || strings.Contains(strings.ToUpper(r.Text+r.Bad), "AGE-SECRET-KEY-1") {
				t.Errorf("%q: %+v", data, r)
			}
		}
		const text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
		if bytes.Contains(data, []byte(text)) {
			return
		}
		data = append(data, '\n')
		more := append(bytes.Clone(data), formatRecipients([]Recipient{{Text: text, Note: "new"}})...)
		if got := parseRecipients(more); len(got) != len(list)+1 || got[len(list)].Text != text {
			t.Errorf("%q: %+v", more, got)
		}
		if got := withoutRecipient(more, text); !bytes.Equal(got, data) {
			t.Errorf("%q became %q", data, got)
		}
	})
}

// FuzzIdentities: no text makes parseIdentities panic, and what it says of a bad line is not the line.
func FuzzIdentities(f *testing.F) {
	f.Add([]byte("# x\nAGE-SECRET-KEY-1TAF4JVWRJWSUP9P3K6LEG5SQZAYAGVGV9ES2S9CH0Y63YV2A65MS43QX6W\n"))
	f.Add([]byte("AGE-PLUGIN-YUBIKEY-1ABCDEFGHIJK\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := parseIdentities(data)
		if err == nil {
			return
		}
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSpace(line); len(line) > 24 && bytes.Contains([]byte(err.Error()), line) {
				t.Errorf("%v repeats the line", err)
			}
		}
	})
}

// BenchmarkPut: one more entry costs the same in a vault of ten and of a thousand.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("vault of %d", n), func(b *testing.B) {
			v := newVault(b)
			for i := range n {
				if err := v.Put(fmt.Sprintf("entry%d", i), []byte(uri)); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := v.Put("one more", []byte(uri)); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := v.Remove("one more"); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
