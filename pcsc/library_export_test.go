//go:build windows || (cgo && (!linux || libpcsclite))

package pcsc

// Links is how many SCARDCONTEXTs the client has.
func (c *Client) Links() int { return len(c.links) }

// Idle reports whether nothing that was abandoned is still on its way.
func (c *Client) Idle() bool {
	for _, l := range c.links {
		if !l.idle() {
			return false
		}
	}
	return true
}
