package virtualkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	maxStateFile = 1 << 20 // bytes; 64 credentials need less than a tenth
	lockWait     = 3 * time.Second
)

// store keeps the state, in a file when it has a path.
type store struct {
	path   string
	lock   io.Closer
	serial uint32 // never changes
	state  state
}

// openStore reads the state file, or makes it, and locks it.
func openStore(o Options) (*store, error) {
	if o.Path == "" {
		s, err := newState(o)
		return &store{state: s, serial: s.Serial}, err
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, fmt.Errorf("virtualkey: %w", err)
	}
	lock, err := lockFile(o.Path+".lock", lockWait)
	if err != nil {
		return nil, fmt.Errorf("virtualkey: state file %q: %w", o.Path, err)
	}
	s := &store{path: o.Path, lock: lock}
	if err := s.load(o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.serial = s.state.Serial
	return s, nil
}

func (s *store) load(o Options) error {
	b, err := readLimited(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.state, err = newState(o); err != nil {
			return err
		}
		return s.write(s.state)
	}
	if err == nil {
		s.state, err = parseState(b)
	}
	if err != nil {
		return fmt.Errorf("virtualkey: state file %q: %w; name another file, or move this one away", s.path, err)
	}
	if o.Firmware != "" && o.Firmware != s.state.Firmware {
		return fmt.Errorf("virtualkey: state file %q is a key with firmware %s, not %q", s.path, s.state.Firmware, o.Firmware)
	}
	if o.Serial != 0 && o.Serial != s.state.Serial {
		return fmt.Errorf("virtualkey: state file %q is the key %d, not %d", s.path, s.state.Serial, o.Serial)
	}
	return nil
}

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStateFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0:
		return nil, errors.New("the file is empty")
	case len(b) > maxStateFile:
		return nil, errors.New("the file is too large")
	}
	return b, nil
}

// update changes a copy of the state and stores it; the state is the old one until that has succeeded.
func (s *store) update(change func(*state)) error {
	next := s.state.clone()
	change(&next)
	if err := s.write(next); err != nil {
		return err
	}
	s.state = next
	return nil
}

// write replaces the state file whole, or not at all.
func (s *store) write(next state) error {
	if s.path == "" {
		return nil
	}
	b, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return fmt.Errorf("virtualkey: internal error: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("virtualkey: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("virtualkey: %w", err), os.Remove(f.Name()))
	}
	return nil
}

func (s *store) close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}
