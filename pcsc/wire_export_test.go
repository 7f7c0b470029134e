//go:build linux && !libpcsclite

package pcsc

// Links is how many SCARDCONTEXTs the client has.
func (c *Client) Links() int { return len(c.conns) }

// Idle reports whether nothing that was abandoned is still on its way.
func (c *Client) Idle() bool {
	for _, conn := range c.conns {
		if conn.busy {
			return false
		}
	}
	return true
}
