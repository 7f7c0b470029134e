package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ykmfa/internal/virtualkey"
)

const vpcdAddr = "127.0.0.1:35963" // vpcd's first slot

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
	conn, err := virtualkey.DialVPCD(ctx, addr)
	if err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while waiting for vpcd
		}
		return fmt.Errorf("%w; start pcscd with a reader.conf entry for libifdvpcd.so, or give --addr", err)
	}
	fmt.Fprintf(talk, "virtual YubiKey %d (firmware %s) on %s\n", k.Serial(), k.Firmware(), addr)
	err = k.ServeVPCD(ctx, conn)
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
