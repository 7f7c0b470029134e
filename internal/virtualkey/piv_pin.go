package virtualkey

import (
	"bytes"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	referencePIN = 0x80
	referencePUK = 0x81

	p1Unverify   = 0xff
	minPIN       = 6
	maxTriesTold = 15 // a status word has four bits for them
)

// secret is the PIN or the PUK in s, or nil.
func (s *pivState) secret(reference byte) *pivSecret {
	switch reference {
	case referencePIN:
		return &s.PIN
	case referencePUK:
		return &s.PUK
	}
	return nil
}

// status tells how many tries are left.
func (s *pivSecret) status() status {
	if s.Tries == 0 {
		return swBlocked
	}
	return swTriesLeft | status(min(s.Tries, maxTriesTold))
}

// verify is VERIFY (SP 800-73-4 part 2 section 3.2.1).
func (p *pivApplet) verify(c iso7816.Command) status {
	switch {
	case c.P1 != 0 && c.P1 != p1Unverify:
		return swIncorrectParameters
	case c.P2 != referencePIN:
		return swReferenceNotFound
	case c.P1 == p1Unverify && len(c.Data) == 0:
		p.verified = false
		return swOK
	case c.P1 == 0 && len(c.Data) == 0 && p.verified:
		return swOK
	case c.P1 == 0 && len(c.Data) == 0:
		return p.state().PIN.status()
	case c.P1 != 0 || len(c.Data) != pinSize:
		return swWrongData
	}
	sw := p.try(referencePIN, c.Data)
	p.verified, p.last.verified = sw.ok(), sw.ok()
	return sw
}

// try compares a PIN or PUK and counts. The try that uses up the last one says that none is left; the next ones, that it
// is blocked, right or wrong.
func (p *pivApplet) try(reference byte, value []byte) status {
	s := p.state().secret(reference)
	switch {
	case s.Tries == 0:
		return swBlocked
	case !bytes.Equal(s.Value, value):
		p.verified = p.verified && reference != referencePIN
		left := s.Tries - 1
		if sw := p.update(func(next *pivState) { next.secret(reference).Tries = left }); !sw.ok() {
			return sw
		}
		return swTriesLeft | status(min(left, maxTriesTold))
	case s.Tries < s.Max:
		return p.update(func(next *pivState) { next.secret(reference).Tries = s.Max })
	}
	return swOK
}

// changeReference is CHANGE REFERENCE DATA: the old PIN or PUK, then the new one (section 3.2.2).
func (p *pivApplet) changeReference(c iso7816.Command) status {
	if c.P2 != referencePIN && c.P2 != referencePUK {
		return swReferenceNotFound
	}
	return p.replace(c, c.P2, c.P2)
}

// resetRetryCounter is RESET RETRY COUNTER: the PUK, then a new PIN (section 3.2.3).
func (p *pivApplet) resetRetryCounter(c iso7816.Command) status {
	if c.P2 != referencePIN {
		return swReferenceNotFound
	}
	return p.replace(c, referencePUK, referencePIN)
}

// replace proves one secret and sets another, or the same. Clients block a key with values that could not be set: what
// is proved is looked at first.
func (p *pivApplet) replace(c iso7816.Command, prove, set byte) status {
	if c.P1 != 0 {
		return swIncorrectParameters
	}
	if len(c.Data) != 2*pinSize {
		return swWrongData
	}
	if sw := p.try(prove, c.Data[:pinSize]); !sw.ok() {
		return sw
	}
	value := slices.Clone(c.Data[pinSize:])
	if !settable(value) {
		return swWrongData
	}
	return p.update(func(next *pivState) {
		s := next.secret(set)
		s.Value, s.Tries = value, s.Max
	})
}

// settable reports whether value is six to eight bytes, filled up with ff.
func settable(value []byte) bool {
	pin := bytes.TrimRight(value, "\xff")
	return len(pin) >= minPIN && !bytes.Contains(pin, []byte{0xff})
}

// setRetries is Yubico's SET PIN RETRIES, which also sets PIN and PUK back to their defaults.
func (p *pivApplet) setRetries(c iso7816.Command) status {
	switch {
	case !p.managing || !p.verified:
		return swSecurityStatus
	case c.P1 == 0 || c.P2 == 0:
		return swIncorrectParameters
	}
	return p.update(func(next *pivState) {
		next.PIN = pivSecret{[]byte(defaultPIN), c.P1, c.P1}
		next.PUK = pivSecret{[]byte(defaultPUK), c.P2, c.P2}
	})
}

// wipe is Yubico's RESET, for a key on which PIN and PUK are blocked.
func (p *pivApplet) wipe(c iso7816.Command) status {
	s := p.state()
	switch {
	case c.P1 != 0 || c.P2 != 0:
		return swIncorrectParameters
	case s.PIN.Tries != 0 || s.PUK.Tries != 0:
		return swConditionsNotSatisfied
	}
	if err := p.store.update(func(s *state) { s.PIV = nil }); err != nil {
		return swMemoryFailure
	}
	p.reset()
	return swOK
}
