package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"ykmfa/internal/virtualkey"
)

// keyOptions are the flags that say which key, and how it behaves.
type keyOptions struct {
	states   []string
	firmware string
	serial   uint32
	touch    string
	timeout  time.Duration
	faults   []string
}

func (o *keyOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.states, "state", nil, "state `file`, made if it does not exist; '' for a key in memory; repeat for several keys under run (default "+defaultStateName()+")")
	f.StringVar(&o.firmware, "firmware", "", "firmware of a new key: "+strings.Join(virtualkey.Profiles(), ", ")+" (default 5.7.4)")
	f.Uint32Var(&o.serial, "serial", 0, "serial number of a new key (default eight random digits)")
	f.StringVar(&o.touch, "touch", "now", "when the sensor is touched: now, never, or a time as 2s after the key begins to blink")
	f.DurationVar(&o.timeout, "touch-timeout", 15*time.Second, "how long the key waits for a touch")
	f.StringSliceVar(&o.faults, "fault", nil, "what goes wrong at which command: refuse@7:6f00, cut@7 (executed, no answer, card gone), vanish@7")
}

// open opens the one key that the flags name.
func (o *keyOptions) open() (*virtualkey.Key, error) {
	if len(o.states) > 1 {
		return nil, errors.New("one --state only: start another vkey for another key")
	}
	keys, err := o.openAll()
	if err != nil {
		return nil, err
	}
	return keys[0], nil
}

// openAll opens a key for each --state; after an error none is open.
func (o *keyOptions) openAll() ([]*virtualkey.Key, error) {
	if len(o.states) > 1 && o.serial != 0 {
		return nil, errors.New("--serial names one key; give one --state with it")
	}
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	states := o.states
	if len(states) == 0 {
		path, err := defaultState()
		if err != nil {
			return nil, err
		}
		states = []string{path}
	}
	var keys []*virtualkey.Key
	for _, path := range states {
		options.Path = path
		k, err := virtualkey.Open(options)
		if err != nil {
			closeAll(keys)
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func (o *keyOptions) options() (virtualkey.Options, error) {
	touch, err := virtualkey.ParseTouch(o.touch)
	if err != nil {
		return virtualkey.Options{}, err
	}
	faults, err := virtualkey.ParseFaults(strings.Join(o.faults, ","))
	if err != nil {
		return virtualkey.Options{}, err
	}
	return virtualkey.Options{Firmware: o.firmware, Serial: o.serial, Touch: touch, TouchTimeout: o.timeout, Faults: faults}, nil
}

// closeAll releases the state files. There is nothing left to lose then: each change was stored when it was made.
func closeAll(keys []*virtualkey.Key) {
	for _, k := range keys {
		_ = k.Close()
	}
}

// defaultState is vkey.json in ykmfa's directory below the place for state: that of the XDG base directories, or of
// the operating system where it has another.
func defaultState() (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	if filepath.IsAbs(dir) {
		return filepath.Join(dir, "ykmfa", "vkey.json"), nil
	}
	var err error
	switch runtime.GOOS {
	case "windows", "darwin", "ios":
		dir, err = os.UserConfigDir()
	default:
		dir, err = os.UserHomeDir()
		dir = filepath.Join(dir, ".local", "state")
	}
	if err != nil {
		return "", fmt.Errorf("no place for the state file: %w; name one with --state", err)
	}
	return filepath.Join(dir, "ykmfa", "vkey.json"), nil
}

// defaultStateName is defaultState for people.
func defaultStateName() string {
	path, err := defaultState()
	if err != nil {
		return "none here"
	}
	return path
}
