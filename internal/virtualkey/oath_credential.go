package virtualkey

import (
	"encoding/binary"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	maxID     = 64 // bytes
	minDigits = 4
	maxDigits = 8

	// idOverhead is what a NEO's directory spends on a credential beside its id, bytes.
	idOverhead = 9
)

// put is PUT: a new credential, or a new content for the id in its old place.
func (o *oathApplet) put(data []byte) status {
	if o.profile.fips && o.store.state.AccessKey == nil {
		return swConditionsNotSatisfied
	}
	c, sw := o.parsePut(data)
	if !sw.ok() {
		return sw
	}
	at := o.find(c.ID)
	if o.full(c, at >= 0) {
		return swNoSpace
	}
	if at < 0 {
		at = slices.IndexFunc(o.store.state.Credentials, credential.free)
	}
	return o.update(func(s *state) {
		if at < 0 {
			s.Credentials = append(s.Credentials, c)
		} else {
			s.Credentials[at] = c
		}
	})
}

// full reports whether there is no room for c. A NEO counts an overwrite like a new credential.
func (o *oathApplet) full(c credential, exists bool) bool {
	if !o.profile.neo {
		return !exists && len(o.store.state.Credentials) >= o.profile.capacity
	}
	used := len(c.ID) + idOverhead
	for _, c := range o.store.state.Credentials {
		if !c.free() {
			used += len(c.ID) + idOverhead
		}
	}
	return used > o.profile.capacity
}

func (o *oathApplet) parsePut(data []byte) (credential, status) {
	var c credential
	s := iso7816.String(data)
	var id, key []byte
	if !s.ReadTag(tagName, &id) || !s.ReadTag(tagKey, &key) || len(key) < 2 {
		return c, swWrongData
	}
	if sw := o.checkID(id); !sw.ok() {
		return c, sw
	}
	if s.PeekTag(tagProperty) {
		var property []byte
		if !s.Read(2, &property) {
			return c, swWrongData
		}
		c.Property = property[1]
	}
	if s.PeekTag(tagInitialFactor) {
		var factor []byte
		if !s.ReadTag(tagInitialFactor, &factor) || len(factor) != 4 {
			return c, swWrongData
		}
		c.InitialFactor = binary.BigEndian.Uint32(factor)
	}
	if !s.Empty() {
		return c, swWrongData
	}
	c.ID, c.Algorithm, c.Digits, c.Key = slices.Clone(id), key[0], key[1], slices.Clone(key[2:])
	return c, o.check(&c)
}

func (o *oathApplet) checkID(id []byte) status {
	switch {
	case o.profile.neo && len(id) > maxID:
		return swAborted
	case o.profile.neo: // takes an empty id, too
		return swOK
	case len(id) == 0 || len(id) > maxID:
		return swWrongData
	}
	return swOK
}

// check refuses what the firmware refuses, and clears what it ignores.
func (o *oathApplet) check(c *credential) status {
	h := o.hashFor(c.Algorithm)
	kind := c.Algorithm & typeMask
	switch {
	case h == nil || kind != typeHOTP && kind != typeTOTP:
		return swWrongData
	case len(c.Key) < o.profile.minKey || len(c.Key) > h().BlockSize():
		return swWrongData // a longer key is hashed by the client
	case o.profile.neo:
		c.Property &^= propertyTouch
		return swOK
	case c.Digits < minDigits || c.Digits > maxDigits:
		return swWrongData
	case c.Property&^(propertyIncreasing|propertyTouch) != 0:
		return swWrongData
	}
	return swOK
}

// delete is DELETE. A NEO leaves a hole in its directory, which the next new credential fills.
func (o *oathApplet) delete(data []byte) status {
	s := iso7816.String(data)
	var id []byte
	if !s.ReadTag(tagName, &id) || !s.Empty() {
		return swWrongData
	}
	at := o.find(id)
	if at < 0 {
		return swNoSuchObject
	}
	return o.update(func(s *state) {
		if o.profile.neo {
			s.Credentials[at] = credential{}
		} else {
			s.Credentials = slices.Delete(s.Credentials, at, at+1)
		}
	})
}

// rename is RENAME.
func (o *oathApplet) rename(data []byte) status {
	if !o.profile.rename {
		return swInstructionNotSupported
	}
	s := iso7816.String(data)
	var from, to []byte
	if !s.ReadTag(tagName, &from) || !s.ReadTag(tagName, &to) || !s.Empty() {
		return swWrongData
	}
	if sw := o.checkID(to); !sw.ok() {
		return sw
	}
	at := o.find(from)
	if at < 0 || o.find(to) >= 0 {
		return swNoSuchObject
	}
	to = slices.Clone(to)
	return o.update(func(s *state) { s.Credentials[at].ID = to })
}

// list is LIST.
func (o *oathApplet) list() []byte {
	var out []byte
	for _, c := range o.store.state.Credentials {
		if !c.free() {
			out = iso7816.AppendTLV(out, tagListEntry, []byte{c.Algorithm}, c.ID)
		}
	}
	return out
}
