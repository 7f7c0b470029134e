//go:build cgo || windows

package pcsc

import (
	"context"
	"sync"
	"time"

	"github.com/ebfe/scard"
)

// Patience is how long Open waits for a card that another program holds exclusively.
const Patience = 5 * time.Second

// Client is a connection to the smart card service. It is for one goroutine at a time.
type Client struct {
	context *scard.Context
	leaving sync.WaitGroup // cards that will be closed when the command of an ended context is through
}

// Connect connects to the service (SCardEstablishContext). Errors: ErrNoService, ErrDenied.
func Connect(ctx context.Context) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := scard.EstablishContext()
	if err != nil {
		return nil, failed("SCardEstablishContext", "", err)
	}
	return &Client{context: c}, nil
}

// Close ends the connection, and with it whatever is still open.
func (c *Client) Close() error {
	if err := c.context.Release(); err != nil {
		return failed("SCardReleaseContext", "", err)
	}
	return nil
}

// Readers returns the names of the readers that hold a card. Errors: ErrNoReader when there is no reader, ErrNoCard
// when all are empty, ErrNoService.
func (c *Client) Readers(ctx context.Context) ([]string, error) {
	states, err := c.states(ctx)
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

// states returns every reader with what is in it. No reader is not an error. The service answers both calls from
// memory, so they are not worth a goroutine.
func (c *Client) states(ctx context.Context) ([]scard.ReaderState, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	names, err := c.context.ListReaders()
	if err == scard.ErrNoReadersAvailable {
		return nil, nil
	}
	if err != nil {
		return nil, failed("SCardListReaders", "", err)
	}
	if len(names) == 0 {
		return nil, nil
	}
	states := make([]scard.ReaderState, len(names))
	for i, name := range names {
		states[i].Reader = name
	}
	err = c.context.GetStatusChange(states, 0)
	if err == scard.ErrUnknownReader { // one was unplugged between the two calls
		return c.states(ctx)
	}
	if err != nil && err != scard.ErrTimeout {
		return nil, failed("SCardGetStatusChange", "", err)
	}
	return states, nil
}

// pnp is the name of a reader that does not exist, whose state changes when a reader is plugged in or out.
const pnp = `\\?PnP?\Notification`

// WaitForCard waits until a card is in a reader that is not among known, and returns the reader's name.
func (c *Client) WaitForCard(ctx context.Context, known []string) (string, error) {
	ignore := map[string]bool{}
	for _, name := range known {
		ignore[name] = true
	}
	for {
		states, err := c.states(ctx)
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
		if err := c.waitChange(ctx, append(states, scard.ReaderState{Reader: pnp})); err != nil {
			return "", err
		}
	}
}

// waitChange blocks until a reader's state is no longer the current one. It wakes up now and then, for services that
// do not know the reader pnp.
func (c *Client) waitChange(ctx context.Context, states []scard.ReaderState) error {
	stop := context.AfterFunc(ctx, func() { c.context.Cancel() })
	defer stop()
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, c.context.GetStatusChange(states, 2*time.Second) }, nil)
	switch err {
	case nil, scard.ErrTimeout, scard.ErrUnknownReader:
		return nil
	}
	return failed("SCardGetStatusChange", "", err)
}

// await runs a call that cannot be interrupted. When ctx ends first, undo gets what the call still returns.
func await[T any](ctx context.Context, call func() (T, error), undo func(T)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := call()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil && undo != nil {
				undo(r.value)
			}
		}()
		return none, ctx.Err()
	}
}

// failed gives a PC/SC code its meaning. The error of an ended context stays what it is.
func failed(call, reader string, err error) error {
	code, ok := err.(scard.Error)
	if !ok {
		return err
	}
	if known, ok := meanings[code]; ok {
		return &Error{call, reader, known}
	}
	return &Error{call, reader, err}
}

var meanings = map[scard.Error]error{
	scard.ErrNoService:         ErrNoService,
	scard.ErrServiceStopped:    ErrNoService,
	scard.ErrSecurityViolation: ErrDenied,
	scard.ErrNoAccess:          ErrDenied,

	scard.ErrNoReadersAvailable: ErrNoReader,
	scard.ErrUnknownReader:      ErrRemoved,
	scard.ErrReaderUnavailable:  ErrRemoved,
	scard.ErrRemovedCard:        ErrRemoved,
	scard.ErrCommError:          ErrRemoved, // pulled out while it worked
	scard.ErrNotTransacted:      ErrRemoved,
	scard.ErrInvalidHandle:      ErrRemoved,
	scard.ErrNoSmartcard:        ErrNoCard,
	scard.ErrUnpoweredCard:      ErrNoCard,
	scard.ErrUnresponsiveCard:   ErrNoCard,
	scard.ErrSharingViolation:   ErrBusy,
	scard.ErrServerTooBusy:      ErrBusy,
	scard.ErrResetCard:          ErrReset,
}
