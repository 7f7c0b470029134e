package main

import (
	"context"
	"errors"

	"ykmfa/internal/cli"
	"ykmfa/pcsc"
)

// cards is PC/SC as the commands see it. It connects to the service when it is first asked.
type cards struct {
	client *pcsc.Client
}

func newCards() cli.Cards { return &cards{} }

func (c *cards) Readers(ctx context.Context) ([]string, error) {
	if c.client == nil {
		client, err := pcsc.Connect(ctx)
		if err != nil {
			return nil, translate(err)
		}
		c.client = client
	}
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
