package virtualkey

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
)

// pivState is what survives power-off in the PIV applet. The state file has none as long as nothing was changed.
type pivState struct {
	PIN        pivSecret         `json:"pin"`
	PUK        pivSecret         `json:"puk"`
	Management managementKey     `json:"management"`
	Keys       map[string]pivKey `json:"keys,omitempty"`    // by slot, two hex digits
	Objects    map[string][]byte `json:"objects,omitempty"` // by tag, six hex digits
}

// pivSecret is a PIN or PUK, filled up with ff. Its value is never changed in place.
type pivSecret struct {
	Value []byte `json:"value"`
	Tries byte   `json:"tries"` // left; 0: blocked
	Max   byte   `json:"max"`
}

// managementKey is the card management key. Its key is never changed in place.
type managementKey struct {
	Algorithm byte   `json:"algorithm"`
	Key       []byte `json:"key"`
	Touch     byte   `json:"touch"`
}

// pivKey is a private key in a slot. Its scalar is never changed in place.
type pivKey struct {
	Algorithm byte   `json:"algorithm"`
	PIN       byte   `json:"pin"`   // policy
	Touch     byte   `json:"touch"` // policy
	Origin    byte   `json:"origin"`
	Scalar    []byte `json:"scalar"`
}

const (
	pinSize      = 8
	defaultPIN   = "123456\xff\xff"
	defaultPUK   = "12345678"
	defaultTries = 3
	third        = "\x01\x02\x03\x04\x05\x06\x07\x08" // of the default management key
)

// newPIVState is the applet as it leaves the factory. The type of the default management key, not its bytes, changed
// with firmware 5.7.
func newPIVState(p profile) *pivState {
	algorithm := byte(algorithm3DES)
	if p.atLeast(5, 7, 0) {
		algorithm = algorithmAES192
	}
	return &pivState{
		PIN:        pivSecret{[]byte(defaultPIN), defaultTries, defaultTries},
		PUK:        pivSecret{[]byte(defaultPUK), defaultTries, defaultTries},
		Management: managementKey{algorithm, []byte(third + third + third), touchPolicyNever},
	}
}

// clone shares only what is never changed in place.
func (s *pivState) clone() *pivState {
	next := *s
	next.Keys, next.Objects = maps.Clone(s.Keys), maps.Clone(s.Objects)
	if next.Keys == nil {
		next.Keys = map[string]pivKey{}
	}
	if next.Objects == nil {
		next.Objects = map[string][]byte{}
	}
	return &next
}

func (s *pivState) check() error {
	for _, secret := range []pivSecret{s.PIN, s.PUK} {
		if len(secret.Value) != pinSize || secret.Max == 0 || secret.Tries > secret.Max {
			return errors.New("the PIN or PUK is damaged")
		}
	}
	if len(s.Management.Key) != managementKeySize(s.Management.Algorithm) || !touchPolicyKnown(s.Management.Touch) {
		return errors.New("the management key is damaged")
	}
	for name, key := range s.Keys {
		if !key.valid(name) {
			return errors.New("a PIV key is damaged")
		}
	}
	for name := range s.Objects {
		if tag, err := hex.DecodeString(name); err != nil || !storable(tag) || name != hex.EncodeToString(tag) {
			return errors.New("a PIV object is damaged")
		}
	}
	return nil
}

// valid reports whether the applet can work with k in the slot.
func (k pivKey) valid(slot string) bool {
	s, err := hex.DecodeString(slot)
	if err != nil || len(s) != 1 || !isKeySlot(s[0]) || slot != slotName(s[0]) || !k.policiesKnown() {
		return false
	}
	if k.Origin != originGenerated && k.Origin != originImported {
		return false
	}
	_, err = k.private()
	return err == nil
}

func slotName(slot byte) string { return fmt.Sprintf("%02x", slot) }

// state is what is stored, or what the factory would have stored. It is not to be changed.
func (p *pivApplet) state() *pivState {
	if s := p.store.state.PIV; s != nil {
		return s
	}
	return newPIVState(p.profile)
}

// update changes the state and stores it; after any status but 9000 nothing has changed.
func (p *pivApplet) update(change func(*pivState)) status {
	next := p.state().clone()
	change(next)
	if err := p.store.update(func(s *state) { s.PIV = next }); err != nil {
		return swMemoryFailure
	}
	return swOK
}
