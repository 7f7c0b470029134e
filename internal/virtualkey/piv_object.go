package virtualkey

import (
	"encoding/hex"
	"slices"

	"ykmfa/internal/iso7816"
)

const (
	tagObjectID   = 0x5c
	tagObjectData = 0x53
	p1Object      = 0x3f // with P2 ff: the current application (SP 800-73-4 part 2 section 3.1.2)
	p2Object      = 0xff

	// All objects together, in bytes; about what a YubiKey has. The overhead keeps many small ones from making a state file
	// that is too large to open.
	objectSpace    = 50 << 10
	objectOverhead = 16

	idDiscovery = "7e"
	// discovery is the Discovery Object (part 1 section 3.3.2): the AID, and that the PIN of this application, not one for the
	// whole card, is used.
	discovery = "\x7e\x12\x4f\x0b\xa0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x5f\x2f\x02\x40\x00"
)

// storable reports whether an object can be put under this tag: all but the Discovery Object have three bytes.
func storable(tag []byte) bool { return len(tag) == 3 && tag[0] == 0x5f }

// protected reports whether an object is read only after the PIN (part 1 table 2): fingerprints, face, printed information
// (where ykman and piv-go keep a management key), iris.
func protected(id string) bool {
	switch id {
	case "5fc103", "5fc108", "5fc109", "5fc121":
		return true
	}
	return false
}

// getData is GET DATA.
func (p *pivApplet) getData(c iso7816.Command) ([]byte, status) {
	if c.P1 != p1Object || c.P2 != p2Object {
		return nil, swIncorrectParameters
	}
	s := iso7816.String(c.Data)
	var tag []byte
	if !s.ReadTag(tagObjectID, &tag) || !s.Empty() {
		return nil, swWrongData
	}
	id := hex.EncodeToString(tag)
	if id == idDiscovery {
		return []byte(discovery), swOK
	}
	if protected(id) && !p.verified {
		return nil, swSecurityStatus
	}
	object, ok := p.state().Objects[id]
	if !ok {
		return nil, swFileNotFound
	}
	return iso7816.AppendTLV(nil, tagObjectData, object), swOK
}

// putData is PUT DATA (section 3.3.1). Nothing put is the object removed.
func (p *pivApplet) putData(c iso7816.Command) status {
	if c.P1 != p1Object || c.P2 != p2Object {
		return swIncorrectParameters
	}
	if !p.managing {
		return swSecurityStatus
	}
	s := iso7816.String(c.Data)
	var tag, value []byte
	if !s.ReadTag(tagObjectID, &tag) || !s.ReadTag(tagObjectData, &value) || !s.Empty() || !storable(tag) {
		return swWrongData
	}
	id := hex.EncodeToString(tag)
	if p.objectsWithout(id)+len(value)+objectOverhead > objectSpace && len(value) > 0 {
		return swNoSpace
	}
	value = slices.Clone(value)
	return p.update(func(next *pivState) {
		if len(value) == 0 {
			delete(next.Objects, id)
			return
		}
		next.Objects[id] = value
	})
}

// objectsWithout is how many bytes all objects but one take.
func (p *pivApplet) objectsWithout(id string) int {
	used := 0
	for other, object := range p.state().Objects {
		if other != id {
			used += len(object) + objectOverhead
		}
	}
	return used
}
