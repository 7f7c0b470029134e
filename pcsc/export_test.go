//go:build windows || cgo || (linux && !libpcsclite)

package pcsc

import "time"

// SetPatience shortens the waits of Open.
func (c *Client) SetPatience(exclusive, transaction time.Duration) {
	c.testOnlyPatience, c.testOnlyTransactionPatience = exclusive, transaction
}
