//go:build linux && !libpcsclite

package pcsc

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// Client is a connection to the smart card service. It is for one goroutine at a time.
type Client struct {
	conns []*conn // one for each card that is open, and one besides

	testOnlyPatience, testOnlyTransactionPatience time.Duration // zero: the constants
}

// Connect connects to the service (SCardEstablishContext). It does not wait for the service's answer: a refusal may be the
// error of the first call instead. Errors: ErrNoService, ErrDenied.
func Connect(ctx context.Context) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &Client{}
	_, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Client) dial(ctx context.Context) (*conn, error) {
	conn := &conn{}
	if err := conn.hail(ctx, protocolMinor); err != nil {
		return nil, refused(ctx, err)
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

// take returns a connection on which nothing runs, until give.
func (c *Client) take(ctx context.Context) (*conn, error) {
	conn, err := c.free(ctx)
	if err != nil {
		return nil, err
	}
	conn.busy = true
	err = conn.greet(ctx)
	if err == nil {
		return conn, nil
	}
	conn.dead = true
	c.give(conn)
	return nil, refused(ctx, err)
}

// refused tells a pcscd that closes connections because it refuses us from one that is about to end, which stops listening
// a moment later.
func refused(ctx context.Context, err error) error {
	const looks = 10
	for i := 0; i < looks && err == errClosed; i++ {
		probe := &conn{}
		if probe.connect(ctx) != nil {
			err = codeNoService
			break
		}
		probe.Close()
		if sleep(ctx, firstPause) != nil {
			break
		}
	}
	return failed("SCardEstablishContext", "", err)
}

func (c *Client) free(ctx context.Context) (*conn, error) {
	for _, conn := range c.conns {
		if !conn.busy {
			return conn, nil
		}
	}
	return c.dial(ctx)
}

// give takes a connection back. One that has come to its end is closed: pcscd then releases what it had.
func (c *Client) give(conn *conn) {
	conn.busy = false
	if conn.dead {
		conn.Close()
		c.forget(conn)
	}
}

func (c *Client) forget(gone *conn) {
	c.conns = slices.DeleteFunc(c.conns, func(conn *conn) bool { return conn == gone })
}

// Close ends the connection, and with it whatever is still open (SCardReleaseContext).
func (c *Client) Close() error {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
	return nil
}

// Readers returns the names of the readers that hold a card. Errors: ErrNoReader when there is no reader, ErrNoCard
// when all are empty, ErrNoService.
func (c *Client) Readers(ctx context.Context) ([]string, error) {
	readers, err := c.readers(ctx)
	if err != nil {
		return nil, err
	}
	if len(readers) == 0 {
		return nil, &Error{Call: "SCardListReaders", Err: ErrNoReader}
	}
	var names []string
	for _, r := range readers {
		if r.present {
			names = append(names, r.name)
		}
	}
	if len(names) == 0 {
		return nil, &Error{Call: "SCardGetStatusChange", Err: ErrNoCard}
	}
	return names, nil
}

// reader is what pcscd tells of a reader.
type reader struct {
	name    string
	events  uint32 // how often a card came or went
	present bool
}

// pcscd answers with its whole table of readers, of which a name, the count of events and the state are read here.
const (
	maxReaders   = 16
	maxName      = 128 // a zero at the end included
	stateSize    = 184
	statePresent = 0x04 // not the bit of SCardGetStatusChange
)

// readers returns every reader. None is not an error.
func (c *Client) readers(ctx context.Context) ([]reader, error) {
	conn, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	defer c.give(conn)
	table := make([]byte, maxReaders*stateSize)
	if err := conn.exchange(ctx, cmdGetReadersState, nil, nil, table); err != nil {
		return nil, failed("SCardListReaders", "", err)
	}
	var readers []reader
	for ; len(table) > 0; table = table[stateSize:] {
		name, _, _ := bytes.Cut(table[:maxName], []byte{0})
		if len(name) > 0 {
			readers = append(readers, reader{string(name), word(table, maxName), word(table, maxName+4)&statePresent != 0})
		}
	}
	return readers, nil
}

// WaitForCard waits until a card is in a reader that is not among known, and returns the reader's name. A reader that is
// known counts again once it has been empty. Errors: ErrNoService.
func (c *Client) WaitForCard(ctx context.Context, known []string) (string, error) {
	// Readers poll for cards less often than this. pcscd's own notices of changes differ from version to version.
	const interval = 100 * time.Millisecond
	seen := map[string]uint32{} // events of the known readers that still hold their card
	for _, name := range known {
		seen[name] = 0
	}
	for first := true; ; first = false {
		readers, err := c.readers(ctx)
		if err != nil {
			return "", err
		}
		for _, r := range readers {
			events, isKnown := seen[r.name]
			switch {
			case r.present && (!isKnown || !first && events != r.events):
				return r.name, nil
			case r.present:
				seen[r.name] = r.events
			default:
				delete(seen, r.name) // what is put in there from now on is another card
			}
		}
		if err := sleep(ctx, interval); err != nil {
			return "", err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
