package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"ykmfa/internal/cli"
	"ykmfa/pcsc"
)

// cards is PC/SC as the commands see it.
type cards struct {
	connect func() (*pcsc.Client, error) // when it is first asked for
	client  *pcsc.Client
}

// newCards connects at once for a command that is over in milliseconds: the service gets ready for us while we read the
// command line and the account file. A code from the backup needs no service, and should not start one.
func newCards(ctx context.Context, args []string) cli.Cards {
	c := &cards{connect: sync.OnceValues(func() (*pcsc.Client, error) { return pcsc.Connect(ctx) })}
	if len(args) > 0 && args[0] == "code" && !slices.Contains(args, "--software") {
		c.connect()
	}
	return c
}

func (c *cards) Readers(ctx context.Context) ([]string, error) {
	client, err := c.connect()
	if err != nil {
		return nil, translate(err)
	}
	c.client = client
	names, err := c.client.Readers(ctx)
	return names, translate(err)
}

func (c *cards) Open(ctx context.Context, reader string) (cli.Card, error) {
	opened, err := c.client.Open(ctx, reader)
	if err != nil {
		return nil, translate(err)
	}
	return card{opened}, nil
}

type card struct{ *pcsc.Card }

func (c card) Transmit(command []byte) ([]byte, error) {
	resp, err := c.Card.Transmit(command)
	return resp, translate(err)
}

func (c card) Close(reset bool) error {
	if reset {
		return c.CloseReset()
	}
	return c.Card.Close()
}

var translations = []struct{ from, to error }{
	{pcsc.ErrNoService, cli.ErrNoService},
	{pcsc.ErrDenied, cli.ErrDenied},
	{pcsc.ErrNoReader, cli.ErrNoReader},
	{pcsc.ErrNoCard, cli.ErrNoCard},
	{pcsc.ErrBusy, cli.ErrBusy},
	{pcsc.ErrRemoved, cli.ErrRemoved},
	{pcsc.ErrReset, cli.ErrReset},
	{pcsc.ErrUnsupported, cli.ErrUnsupported},
}

// translate gives the commands their own words for what PC/SC reports.
func translate(err error) error {
	for _, t := range translations {
		if errors.Is(err, t.from) {
			return t.to
		}
	}
	return err
}
