package account

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"ykmfa/internal/disk"
	"ykmfa/oath"
)

// maxState bounds the state file.
const maxState = 16 << 20

// State is what was seen. Losing it loses nothing but memory.
type State struct {
	Keys    map[string]*Key   // by device id
	Spent   map[string]uint64 // by credential id: the last period whose code was handed out
	Allowed []string          // references that the user has let run a program
}

// Key is a key that was plugged in.
type Key struct {
	DeviceID string
	Serial   uint32
	Firmware string
	Form     string
	creds    map[string]*Credential // by credential id
}

// Credential is what was seen of a credential.
type Credential struct {
	ID       []byte
	Type     oath.Type
	Touch    *bool // nil: not known
	Verified time.Time
}

// LoadState reads the state file. With an error there is an empty state to go on with.
func LoadState(path string) (*State, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &State{}, nil
	}
	if err != nil {
		return &State{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState))
	if err != nil {
		return &State{}, err
	}
	state, err := parseState(data)
	if err != nil {
		return &State{}, fmt.Errorf("state file %s is damaged, and starts anew: %w", path, err)
	}
	return state, nil
}

// UpdateState changes the state file, under a lock. Nothing is written when nothing changes. It is not synced to the
// disk: that takes longer than printing a code. A damaged file is set aside; one that cannot be read is left alone.
func UpdateState(path string, change func(*State) error) error {
	path, err := disk.Real(path)
	if err != nil {
		return err
	}
	unlock, err := disk.Lock(path)
	if err != nil {
		return err
	}
	defer unlock()
	state, err := LoadState(path)
	damaged := errors.Is(err, errLine)
	if err != nil && !damaged {
		return err
	}
	before := state.encode()
	if err := change(state); err != nil {
		return err
	}
	after := state.encode()
	if bytes.Equal(before, after) {
		return nil
	}
	if damaged {
		if err := os.Rename(path, path+".damaged"); err != nil {
			return err
		}
	}
	return disk.Replace(path, after, false)
}

// Key returns a key by its device id, a new one on first sight.
func (s *State) Key(device string) *Key {
	if s.Keys == nil {
		s.Keys = map[string]*Key{}
	}
	if s.Keys[device] == nil {
		s.Keys[device] = &Key{DeviceID: device}
	}
	return s.Keys[device]
}

// KeysHolding returns the keys that hold a credential, by serial number.
func (s *State) KeysHolding(id []byte) []*Key {
	var keys []*Key
	for _, k := range s.All() {
		if k.Holds(id) {
			keys = append(keys, k)
		}
	}
	return keys
}

// All returns the keys by serial number.
func (s *State) All() []*Key {
	keys := slices.Collect(maps.Values(s.Keys))
	slices.SortFunc(keys, func(x, y *Key) int {
		return strings.Compare(fmt.Sprintf("%010d%s", x.Serial, x.DeviceID), fmt.Sprintf("%010d%s", y.Serial, y.DeviceID))
	})
	return keys
}

// Spend notes that the code of a period was handed out, and returns whether it or a later one had been before.
func (s *State) Spend(id []byte, period uint64) (last uint64, before bool) {
	if s.Spent == nil {
		s.Spent = map[string]uint64{}
	}
	key := string(id)
	last, known := s.Spent[key]
	if known && last >= period {
		return last, true
	}
	s.Spent[key] = period
	return period, false
}

// Holds reports whether the credential was last seen on the key.
func (k *Key) Holds(id []byte) bool { return k.Credential(id) != nil }

// Credential returns what was seen of a credential on this key, or nil.
func (k *Key) Credential(id []byte) *Credential { return k.creds[string(id)] }

// SetCredential is Credential, and makes one.
func (k *Key) SetCredential(id []byte) *Credential {
	if c := k.Credential(id); c != nil {
		return c
	}
	if k.creds == nil {
		k.creds = map[string]*Credential{}
	}
	c := &Credential{ID: bytes.Clone(id)}
	k.creds[string(id)] = c
	return c
}

// All returns the credentials in the order of their ids.
func (k *Key) All() []*Credential {
	all := make([]*Credential, 0, len(k.creds))
	for _, c := range k.creds {
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y *Credential) int { return bytes.Compare(x.ID, y.ID) })
	return all
}

// Keep forgets the credentials that are no longer on the key.
func (k *Key) Keep(there func(id []byte) bool) {
	for text, c := range k.creds {
		if !there(c.ID) {
			delete(k.creds, text)
		}
	}
}

// Rename follows a credential to its new id.
func (k *Key) Rename(from, to []byte) {
	c := k.Credential(from)
	if c == nil || bytes.Equal(from, to) {
		return
	}
	delete(k.creds, string(from))
	c.ID = bytes.Clone(to)
	k.creds[string(to)] = c
}
