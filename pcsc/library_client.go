//go:build windows || (cgo && (!linux || libpcsclite))

package pcsc

import (
	"context"
	"errors"
	"time"

	"github.com/ebfe/scard"
)

// Client is a connection to the smart card service. It is for one goroutine at a time.
type Client struct {
	links []*link // more than one only when calls were abandoned

	testOnlyPatience, testOnlyTransactionPatience time.Duration // zero: the constants
}

// Connect connects to the service (SCardEstablishContext). Errors: ErrNoService, ErrDenied.
func Connect(ctx context.Context) (*Client, error) {
	l, err := establish(ctx)
	if err != nil {
		return nil, err
	}
	return &Client{links: []*link{l}}, nil
}

func establish(ctx context.Context) (*link, error) {
	c, err := run(ctx, newLink(nil), scard.EstablishContext, func(c *scard.Context) { c.Release() })
	if err != nil {
		return nil, failed("SCardEstablishContext", "", asCode(err))
	}
	return newLink(c), nil
}

// asCode makes a code of the binding's errors.
func asCode(err error) error {
	if e, ok := err.(scard.Error); ok {
		return code(e)
	}
	return err
}

// link returns a link on which nothing runs, so that a call that was abandoned is in nobody's way.
func (c *Client) link(ctx context.Context) (*link, error) {
	for _, l := range c.links {
		if l.idle() {
			return l, nil
		}
	}
	l, err := establish(ctx)
	if err != nil {
		return nil, err
	}
	c.links = append(c.links, l)
	return l, nil
}

// Close ends the connection, and with it whatever is still open (SCardReleaseContext). It does not wait for a call whose
// context has ended: that part of the connection ends after it.
func (c *Client) Close() error {
	var first error
	for _, l := range c.links {
		if err := l.finish(l.context.Release); err != nil && first == nil {
			first = failed("SCardReleaseContext", "", asCode(err))
		}
	}
	c.links = nil
	return first
}

// Readers returns the names of the readers that hold a card. Errors: ErrNoReader when there is no reader, ErrNoCard
// when all are empty, ErrNoService.
func (c *Client) Readers(ctx context.Context) ([]string, error) {
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	states, err := l.states(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range states {
		if s.EventState&scard.StatePresent != 0 {
			names = append(names, s.Reader)
		}
	}
	if len(states) == 0 {
		return nil, &Error{Call: "SCardListReaders", Err: ErrNoReader}
	}
	if len(names) == 0 {
		return nil, &Error{Call: "SCardGetStatusChange", Err: ErrNoCard}
	}
	return names, nil
}

// states returns every reader with what is in it. No reader is not an error.
func (l *link) states(ctx context.Context) ([]scard.ReaderState, error) {
	return run(ctx, l, func() ([]scard.ReaderState, error) {
		for {
			states, err := readerStates(l.context)
			var e *Error // one was unplugged between the two calls
			if errors.As(err, &e) && e.Code == uint32(scard.ErrUnknownReader) && ctx.Err() == nil {
				continue
			}
			return states, err
		}
	}, func([]scard.ReaderState) {})
}

func readerStates(c *scard.Context) ([]scard.ReaderState, error) {
	names, err := c.ListReaders()
	if err == scard.ErrNoReadersAvailable || err == nil && len(names) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, failed("SCardListReaders", "", asCode(err))
	}
	states := make([]scard.ReaderState, len(names))
	for i, name := range names {
		states[i].Reader = name
	}
	if err := c.GetStatusChange(states, 0); err != nil && err != scard.ErrTimeout {
		return nil, failed("SCardGetStatusChange", "", asCode(err))
	}
	return states, nil
}

// pnp is the name of a reader that does not exist, whose state changes when a reader is plugged in or out.
const pnp = `\\?PnP?\Notification`

// WaitForCard waits until a card is in a reader that is not among known, and returns the reader's name. A reader that is
// known counts again once it has been empty. Errors: ErrNoService.
func (c *Client) WaitForCard(ctx context.Context, known []string) (string, error) {
	l, err := c.link(ctx)
	if err != nil {
		return "", err
	}
	ignore := map[string]bool{}
	for _, name := range known {
		ignore[name] = true
	}
	for {
		states, err := l.states(ctx)
		if err != nil {
			return "", err
		}
		for i, s := range states {
			present := s.EventState&scard.StatePresent != 0
			if present && !ignore[s.Reader] {
				return s.Reader, nil
			}
			if !present {
				delete(ignore, s.Reader) // what is put in there from now on is another card
			}
			states[i].CurrentState = s.EventState &^ scard.StateChanged
		}
		if err := l.waitChange(ctx, append(states, scard.ReaderState{Reader: pnp})); err != nil {
			return "", err
		}
	}
}

// waitChange blocks until a reader's state is no longer the current one. It wakes up now and then, for services that
// do not know the reader pnp, and because a cancellation that comes too early is lost.
func (l *link) waitChange(ctx context.Context, states []scard.ReaderState) error {
	stop := context.AfterFunc(ctx, func() { l.context.Cancel() })
	defer stop()
	_, err := run(ctx, l, func() (struct{}, error) {
		return struct{}{}, l.context.GetStatusChange(states, 2*time.Second)
	}, func(struct{}) {})
	switch err {
	case nil, scard.ErrTimeout, scard.ErrUnknownReader:
		return nil
	}
	return failed("SCardGetStatusChange", "", asCode(err))
}
