package virtualkey

import (
	"bytes"
	"context"

	"ykmfa/internal/iso7816"
)

// applet is one application on the key. The key sees to selection, command and response chaining; data that
// accompany any status but 9000 are dropped.
type applet interface {
	// selectApplet answers SELECT, also when the applet is selected already.
	selectApplet() ([]byte, status)
	// handle runs a command. ctx ends when the card loses power meanwhile.
	handle(ctx context.Context, c iso7816.Command) ([]byte, status)
	// reset forgets what does not survive power-off, or the selection of another applet.
	reset()
}

// slot is an applet with its name and the instruction that fetches the rest of a long answer.
type slot struct {
	aid    []byte
	more   byte
	applet applet
}

const (
	insSelect      = 0xa4 // with P1 = 04; with P1 = 00 it is CALCULATE ALL
	insGetResponse = 0xc0
	p1ByName       = 0x04

	claPlain    = 0x00
	claChaining = 0x10

	minAID   = 5    // ISO/IEC 7816-4 section 8.2.1.2
	maxChain = 4096 // more than any object on a key
)

// execute runs one command APDU to its end: all of its answer, uncut.
func (k *Key) execute(ctx context.Context, apdu []byte) ([]byte, status) {
	pending := k.pending
	k.pending = nil // any other command discards the rest
	c, sw := k.parse(apdu)
	if !sw.ok() {
		return nil, sw
	}
	if k.selected != nil && c.CLA == claPlain && c.INS == k.selected.more && len(pending) > 0 {
		return pending, swOK
	}
	switch c.CLA {
	case claChaining:
		return nil, k.collect(c.Data)
	case claPlain:
		c.Data, k.chain = append(k.chain, c.Data...), nil
	default:
		k.chain = nil
		return nil, swClassNotSupported
	}
	switch {
	case c.INS == insSelect && c.P1 == p1ByName:
		return k.selectByName(c.Data)
	case k.selected == nil:
		return nil, swInstructionNotSupported
	}
	return k.selected.applet.handle(ctx, c)
}

// collect keeps one part of a command that comes in several (command chaining, ISO/IEC 7816-4 section 5.1.1.1).
func (k *Key) collect(part []byte) status {
	if len(k.chain)+len(part) > maxChain {
		k.chain = nil
		return swWrongLength
	}
	k.chain = append(k.chain, part...)
	return swOK
}

// selectByName selects the applet whose AID is a prefix of name, or name of it: clients send OATH's with seven or eight bytes.
func (k *Key) selectByName(name []byte) ([]byte, status) {
	if len(name) < minAID {
		return nil, swFileNotFound
	}
	for i := range k.applets {
		s := &k.applets[i]
		if !bytes.HasPrefix(s.aid, name) && !bytes.HasPrefix(name, s.aid) {
			continue
		}
		if k.selected != nil && k.selected != s {
			k.selected.applet.reset()
		}
		k.selected = s
		return s.applet.selectApplet()
	}
	return nil, swFileNotFound
}

// respond cuts data into blocks as the device does, and keeps the rest for the next command.
func (k *Key) respond(data []byte) []byte {
	if len(data) <= k.profile.block {
		return response(data, swOK)
	}
	k.pending = data[k.profile.block:]
	left := min(len(k.pending), k.profile.moreMax)
	return response(data[:k.profile.block], swMoreData|status(left))
}

// status is a status word.
type status uint16

// Status words, as the applets use them.
const (
	swOK                      status = 0x9000
	swMoreData                status = 0x6100 // the low byte says how much, ff: or more
	swTriesLeft               status = 0x63c0 // the low digit says how many
	swMemoryFailure           status = 0x6581
	swWrongLength             status = 0x6700
	swSecurityStatus          status = 0x6982 // locked, or not touched
	swBlocked                 status = 0x6983
	swNoSuchObject            status = 0x6984
	swConditionsNotSatisfied  status = 0x6985
	swWrongData               status = 0x6a80
	swFileNotFound            status = 0x6a82
	swNoSpace                 status = 0x6a84
	swIncorrectParameters     status = 0x6a86
	swReferenceNotFound       status = 0x6a88
	swWrongParameters         status = 0x6b00
	swInstructionNotSupported status = 0x6d00
	swClassNotSupported       status = 0x6e00
	swAborted                 status = 0x6f00
)

func (s status) ok() bool { return s == swOK }

// response is a response APDU in memory of its own.
func response(data []byte, s status) []byte {
	out := make([]byte, 0, len(data)+2)
	return append(append(out, data...), byte(s>>8), byte(s))
}
