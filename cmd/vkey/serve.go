package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"ykmfa/internal/virtualkey"
)

const (
	vpcdAddr  = "127.0.0.1:35963" // vpcd's first slot
	dialWait  = 5 * time.Second   // pcscd may still be starting
	dialRetry = 50 * time.Millisecond
)

func newServe(o *keyOptions) *cobra.Command {
	addr := vpcdAddr
	c := &cobra.Command{
		Use:   "serve",
		Short: "Put the virtual key into a reader of pcscd, through vpcd",
		Long: `Put the virtual key into a reader of pcscd, through vpcd (Debian package vsmartcard-vpcd), until interrupted.
It survives resets and power cycles. It ends when the reader goes away, and when a --fault takes the card out.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := o.open()
			if err != nil {
				return err
			}
			defer k.Close()
			return serve(c.Context(), k, addr, c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&addr, "addr", addr, "`address` on which vpcd listens: the port in its reader.conf, or that port + 1 for its second slot")
	return c
}

func serve(ctx context.Context, k *virtualkey.Key, addr string, talk io.Writer) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while waiting for vpcd
		}
		return err
	}
	fmt.Fprintf(talk, "virtual YubiKey %d (firmware %s) on %s\n", k.Serial(), k.Firmware(), addr)
	err = k.ServeVPCD(ctx, quickAck(conn))
	switch {
	case ctx.Err() != nil:
		return nil // interrupted: that is how it is meant to end
	case errors.Is(err, virtualkey.ErrRemoved):
		fmt.Fprintln(talk, "the --fault took the card out of the reader")
		return nil
	case err == nil:
		return fmt.Errorf("the reader on %s closed the connection: has pcscd ended?", addr)
	}
	return err
}

// dial connects to vpcd, and waits a while for it to listen.
func dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn, nil // with TCP_NODELAY, Go's default
		}
		select {
		case <-time.After(dialRetry):
		case <-ctx.Done():
			return nil, fmt.Errorf("no vpcd on %s: %w; start pcscd with a reader.conf entry for libifdvpcd.so, or give --addr", addr, err)
		}
	}
}
