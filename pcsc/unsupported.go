//go:build !windows && !cgo && (!linux || libpcsclite)

package pcsc

import "context"

// Client is a connection to the smart card service, which this build cannot make.
type Client struct{}

// Card is an open card, which this build cannot have.
type Card struct{}

// Connect fails with ErrUnsupported.
func Connect(context.Context) (*Client, error) { return nil, ErrUnsupported }

func (c *Client) Close() error                                           { return ErrUnsupported }
func (c *Client) Readers(context.Context) ([]string, error)              { return nil, ErrUnsupported }
func (c *Client) WaitForCard(context.Context, []string) (string, error)  { return "", ErrUnsupported }
func (c *Client) Open(ctx context.Context, reader string) (*Card, error) { return nil, ErrUnsupported }
func (c *Card) Transmit(command []byte) ([]byte, error)                  { return nil, ErrUnsupported }
func (c *Card) Close() error                                             { return ErrUnsupported }
func (c *Card) CloseReset() error                                        { return ErrUnsupported }
