package virtualkey

import (
	"encoding/hex"
	"slices"
	"sync"
)

// journal remembers which commands came, never what was in them. It has a lock of its own so that it can be read
// while the key waits for touch.
type journal struct {
	mu      sync.Mutex
	headers []string
}

func (j *journal) add(apdu []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.headers = append(j.headers, hex.EncodeToString(apdu[:min(4, len(apdu))]))
}

// Log lists the headers (CLA INS P1 P2, eight hex digits) of the commands that reached the key since Open or ClearLog.
func (k *Key) Log() []string {
	k.log.mu.Lock()
	defer k.log.mu.Unlock()
	return slices.Clone(k.log.headers)
}

// ClearLog empties Log. The count for Fault.At goes on.
func (k *Key) ClearLog() {
	k.log.mu.Lock()
	defer k.log.mu.Unlock()
	k.log.headers = nil
}
