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

	"ykmfa/internal/disk"
)

// Recipient is a line of .age-recipients.
type Recipient struct {
	Text string // age1...
	Note string // the comment above it: whose it is
	Key  *Key   // of a YubiKey; nil for others

	age age.Recipient // nil: of a kind that cannot be encrypted to here
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
	comment := ""
	for line := range strings.Lines(string(data)) {
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
			r = Recipient{Text: line}
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

// AddRecipient adds one. Entries that exist are encrypted to it by the next Rekey, which Pending then asks for.
func (v *Vault) AddRecipient(r Recipient) error {
	return v.changeRecipients(func(list []Recipient) ([]Recipient, error) {
		for _, old := range list {
			if old.Text == r.Text {
				return list, nil
			}
		}
		return append(list, r), nil
	})
}

// RemoveRecipient removes one. Entries that exist are kept from it by the next Rekey, which Pending then asks for.
func (v *Vault) RemoveRecipient(text string) error {
	return v.changeRecipients(func(list []Recipient) ([]Recipient, error) {
		var rest []Recipient
		for _, r := range list {
			if r.Text != text {
				rest = append(rest, r)
			}
		}
		if len(rest) == 0 {
			return nil, errors.New("it is the last recipient: nobody could read the vault without it")
		}
		return rest, nil
	})
}

func (v *Vault) changeRecipients(change func([]Recipient) ([]Recipient, error)) error {
	unlock, err := v.lock()
	if err != nil {
		return err
	}
	defer unlock()
	list, err := v.Recipients()
	if err != nil {
		return err
	}
	if list, err = change(list); err != nil {
		return err
	}
	if err := v.setPending(); err != nil {
		return err
	}
	return disk.Replace(v.recipients(), formatRecipients(list), true)
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
