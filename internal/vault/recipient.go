package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"filippo.io/age/tag"
)

// Recipient is a line of .age-recipients.
type Recipient struct {
	Text string // age1...
	Note string // the comment above it: whose it is
	Key  *Key   // of a YubiKey; nil for others
	Bad  string // why nothing can be encrypted to it; Text names its line then, unless it is public for sure

	age age.Recipient // nil: it is Bad
}

// Key is a P-256 key on a YubiKey.
type Key struct {
	Tag    [4]byte // the first bytes of the SHA-256 of its public key, compressed
	Serial uint32  // of the YubiKey that it is said to be on; 0: not said
	Slot   byte    // where it is said to be there; 0: not said
}

// note is what AddKey writes above a YubiKey, and parseNote reads.
const note = "YubiKey %d, slot %x"

func parseNote(text string, k *Key) {
	var serial uint32
	var slot byte
	if n, _ := fmt.Sscanf(text, note, &serial, &slot); n == 2 {
		k.Serial, k.Slot = serial, slot
	}
}

// ParseRecipient reads age1..., age1pq1..., age1tag1..., age1tagpq1... or age1yubikey1....
func ParseRecipient(text string) (Recipient, error) {
	r := Recipient{Text: text}
	kind, data, err := plugin.ParseRecipient(text)
	switch {
	case err == nil && kind == "tag":
		r.age, err = tag.NewClassicRecipient(data)
		r.Key = keyOf(data)
	case err == nil && kind == "tagpq":
		r.age, err = tag.NewHybridRecipient(data)
	case err == nil && kind == "yubikey":
		r.age, err = newYubikeyRecipient(data)
		r.Key = keyOf(data)
	case strings.HasPrefix(text, "age1pq1"):
		r.age, err = age.ParseHybridRecipient(text)
	default:
		r.age, err = age.ParseX25519Recipient(text)
	}
	if err != nil {
		return Recipient{}, errors.New("not a recipient of age, or mistyped")
	}
	return r, nil
}

// badRecipient is a line that is no recipient. People put the other half there by mistake: it is not shown.
func badRecipient(line string, n int) Recipient {
	r := Recipient{Text: fmt.Sprintf("line %d", n), Bad: "no recipient, or mistyped"}
	switch kind, _, _ := strings.Cut(line, " "); {
	case strings.HasPrefix(strings.ToUpper(line), "AGE-"):
		r.Bad = "a private identity: take it out, and out of use, because copies of this file open what is encrypted to it"
	case strings.HasPrefix(line, "age1") || strings.HasPrefix(kind, "ssh-"):
		r.Text, r.Bad = line, "of a kind that this version cannot encrypt to"
	}
	return r
}

func readRecipients(file string) ([]Recipient, error) {
	data, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	return parseRecipients(data), nil
}

// parseRecipients reads a file of recipients. One of a kind that is unknown here (ssh-ed25519, say) is kept: entries can
// be read, but not written.
func parseRecipients(data []byte) (list []Recipient) {
	comment, n := "", 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "#"); ok {
			comment = strings.TrimSpace(text)
			continue
		}
		if line == "" {
			comment = ""
			continue
		}
		r, err := ParseRecipient(line)
		if err != nil {
			r = badRecipient(line, n)
		}
		if r.Note = comment; r.Key != nil {
			parseNote(comment, r.Key)
		}
		list, comment = append(list, r), ""
	}
	return list
}

// Recipients are those of the vault as a whole.
func (v *Vault) Recipients() ([]Recipient, error) {
	if !v.Exists() {
		return nil, ErrNone
	}
	list, err := readRecipients(v.recipients())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

func formatRecipients(list []Recipient) []byte {
	var b bytes.Buffer
	for _, r := range list {
		if r.Note != "" {
			fmt.Fprintf(&b, "# %s\n", r.Note)
		}
		fmt.Fprintf(&b, "%s\n", r.Text)
	}
	return b.Bytes()
}
