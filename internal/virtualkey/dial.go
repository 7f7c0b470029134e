package virtualkey

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	dialWait  = 5 * time.Second // pcscd may still be starting
	dialRetry = 50 * time.Millisecond
)

// DialVPCD connects to vpcd for ServeVPCD, and waits a while for it to listen.
func DialVPCD(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return quickAck(conn), nil
		}
		select {
		case <-time.After(dialRetry):
		case <-ctx.Done():
			return nil, fmt.Errorf("no vpcd on %s: %w", addr, err)
		}
	}
}
