// Package virtualkey is a YubiKey in software: command APDUs in, response APDUs out, what it must not forget in a
// file. It is an implementation of the applets, written from their description alone and independent of package
// oath, so that the two can be tested against each other. It stands in for a key in tests, in demonstrations, and
// through vpcd behind a real pcscd, where Yubico's own tools accept it.
//
// It protects nothing: the secrets stand readable in its state file. It is therefore not linked into ykmfa.
package virtualkey

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"ykmfa/internal/iso7816"
)

// ErrRemoved means that the card has left the reader, after a fault "cut" or "vanish". Reinsert brings it back.
var ErrRemoved = errors.New("virtualkey: the card was removed")

// Options says which key Open opens. The zero value is a new 5.7.4 in memory that is touched at once.
type Options struct {
	Path         string        // state file; "" keeps the state in memory
	Firmware     string        // one of Profiles; "" is what the state file says, or 5.7.4 for a new key
	Serial       uint32        // 0 is what the state file says, or eight random digits for a new key
	Touch        Touch         // nil touches at once
	TouchTimeout time.Duration // how long a command waits for Touch; 0 is 15 seconds
	Rand         io.Reader     // salts, challenges, PIV keys and the serial; nil is crypto/rand
	Faults       []Fault
}

// Key is one virtual YubiKey in its reader. Its methods may be called by several goroutines; commands run one at a time.
type Key struct {
	profile      profile
	store        *store
	touch        Touch
	touchTimeout time.Duration
	log          journal

	mu       sync.Mutex // guards what follows, and the applets and the store behind it
	applets  []slot
	selected *slot // nil: no applet is selected
	chain    []byte
	pending  []byte // what SEND REMAINING or GET RESPONSE will fetch
	faults   []Fault
	commands int // since Open
	removed  bool
}

// Open makes a key, or brings back the one in the state file, powered up with no applet selected. The state file stays
// locked until Close. A firmware or serial that differs from the state file's is an error, and so is a file that is
// not a state file: it is never overwritten.
func Open(o Options) (*Key, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Touch == nil {
		o.Touch = touchNow
	}
	if o.TouchTimeout == 0 {
		o.TouchTimeout = 15 * time.Second
	}
	s, err := openStore(o)
	if err != nil {
		return nil, err
	}
	p, err := findProfile(s.state.Firmware)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	k := &Key{profile: p, store: s, touch: o.Touch, touchTimeout: o.TouchTimeout, faults: o.Faults}
	k.applets = []slot{
		{aid: oathAID, more: insSendRemaining, applet: &oathApplet{profile: p, store: s, rand: o.Rand, touched: k.touched}},
		{aid: managementAID, more: insGetResponse, applet: &managementApplet{profile: p, store: s}},
		{aid: otpAID, more: insGetResponse, applet: &otpApplet{profile: p, store: s}},
	}
	if !p.neo { // whose PIV applet knows neither policies nor metadata, and is left out
		piv := &pivApplet{profile: p, store: s, rand: o.Rand, now: time.Now, touched: k.touched}
		k.applets = append(k.applets, slot{aid: pivAID, more: insGetResponse, applet: piv})
	}
	return k, nil
}

// Close releases the state file.
func (k *Key) Close() error { return k.store.close() }

// Firmware is the name of the profile.
func (k *Key) Firmware() string { return k.profile.name }

// Serial is the serial number.
func (k *Key) Serial() uint32 { return k.store.serial }

// ATR is the answer to reset.
func (k *Key) ATR() []byte { return []byte(k.profile.atr) }

// ReaderName is the name under which PC/SC lists the real thing, without the numbers that PC/SC appends.
func (k *Key) ReaderName() string { return k.profile.reader }

// Reset is a warm reset or a power cycle: no applet is selected, and what was unlocked is locked.
func (k *Key) Reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reset()
}

// Reinsert puts a card back that a fault had taken out of the reader.
func (k *Key) Reinsert() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.removed = false
	k.reset()
}

func (k *Key) reset() {
	for _, s := range k.applets {
		s.applet.reset()
	}
	k.selected, k.chain, k.pending = nil, nil, nil
}

// Transmit takes one command APDU and returns the response: data and status word. The only error is ErrRemoved.
func (k *Key) Transmit(apdu []byte) ([]byte, error) {
	return k.transmit(context.Background(), apdu)
}

// transmit is Transmit; ctx ends a wait for touch.
func (k *Key) transmit(ctx context.Context, apdu []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.removed {
		return nil, ErrRemoved
	}
	k.commands++
	k.log.add(apdu)
	fault := k.fault()
	switch fault.Kind {
	case Vanish:
		k.removed = true
		return nil, ErrRemoved
	case Refuse:
		k.pending = nil
		return response(nil, status(fault.Status)), nil
	}
	data, sw := k.execute(ctx, apdu)
	if fault.Kind == Cut {
		k.removed = true
		return nil, ErrRemoved
	}
	if !sw.ok() {
		return response(nil, sw), nil
	}
	return k.respond(data), nil
}

// fault is the fault that hits the current command, or none.
func (k *Key) fault() Fault {
	for _, f := range k.faults {
		if f.At == k.commands {
			return f
		}
	}
	return Fault{}
}

func (k *Key) touched(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, k.touchTimeout)
	defer cancel()
	return k.touch(ctx) && ctx.Err() == nil
}

func (k *Key) parse(apdu []byte) (iso7816.Command, status) {
	if k.profile.neo && len(apdu) > 5 && apdu[4] == 0 {
		return iso7816.Command{}, swWrongLength // a NEO knows short APDUs only
	}
	c, err := iso7816.ParseCommand(apdu)
	if err != nil {
		return c, swWrongLength
	}
	return c, swOK
}
