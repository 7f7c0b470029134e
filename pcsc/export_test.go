//go:build cgo || windows

package pcsc

import "time"

var Failed = failed

// SetPatience shortens the waits of Open.
func (c *Client) SetPatience(exclusive, transaction time.Duration) {
	c.testOnlyPatience, c.testOnlyTransactionPatience = exclusive, transaction
}

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
