package iso7816

import (
	"errors"
	"fmt"
)

// ErrAnswer means that a card's answer makes no sense.
var ErrAnswer = errors.New("iso7816: the answer makes no sense")

const statusMore = 0x6100 // low byte: how many bytes are left

// Exchange sends a command, and joins the parts of its answer (status 61xx), which the instruction next fetches, up to most
// bytes. It wipes the encoded command, which may hold a secret. Errors: those of transmit, ErrLength for the command, ErrAnswer.
func Exchange(transmit func([]byte) ([]byte, error), c Command, next byte, most int) ([]byte, uint16, error) {
	var all []byte
	for {
		apdu, err := c.Bytes()
		if err != nil {
			return nil, 0, err
		}
		resp, err := transmit(apdu)
		clear(apdu)
		if err != nil {
			return nil, 0, err
		}
		part, status, err := SplitResponse(resp)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		more := status&0xff00 == statusMore
		// An empty part would be followed by another, for ever, on some cards.
		if more && len(part) == 0 || len(all)+len(part) > most {
			return nil, 0, fmt.Errorf("%w: it is endless", ErrAnswer)
		}
		all = join(all, part)
		if !more {
			return all, status, nil
		}
		c = Command{INS: next}
	}
}

// join appends b to a, and leaves no copy of a behind.
func join(a, b []byte) []byte {
	if len(a)+len(b) <= cap(a) {
		return append(a, b...)
	}
	both := append(append(make([]byte, 0, 2*(len(a)+len(b))), a...), b...)
	clear(a)
	return both
}
