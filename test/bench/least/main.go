//go:build cgo && linux

// Least is the C program in Go: the same PC/SC calls through libpcsclite and cgo, and nothing else. It shows what talking to
// pcscd without them is good for.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ebfe/scard"
)

func main() {
	log.SetFlags(0)
	code, err := code([]byte(os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%06d\n", code)
}

func code(id []byte) (uint32, error) {
	c, err := scard.EstablishContext()
	if err != nil {
		return 0, err
	}
	names, err := c.ListReaders()
	if err != nil {
		return 0, err
	}
	states := make([]scard.ReaderState, len(names))
	for i := range states {
		states[i].Reader = names[i]
	}
	if err := c.GetStatusChange(states, 0); err != nil {
		return 0, err
	}
	card, err := c.Connect(names[0], scard.ShareShared, scard.ProtocolAny)
	if err != nil {
		return 0, err
	}
	if err := card.BeginTransaction(); err != nil {
		return 0, err
	}
	if _, err := card.Transmit([]byte{0, 0xa4, 4, 0, 7, 0xa0, 0, 0, 5, 0x27, 0x21, 1}); err != nil {
		return 0, err
	}
	apdu := append([]byte{0, 0xa2, 0, 1, byte(len(id) + 12), 0x71, byte(len(id))}, id...)
	apdu = binary.BigEndian.AppendUint64(append(apdu, 0x74, 8), uint64(time.Now().Unix()/30))
	resp, err := card.Transmit(apdu)
	if err != nil || len(resp) != 9 {
		return 0, fmt.Errorf("no truncated answer: %x, %w", resp, err)
	}
	card.EndTransaction(scard.LeaveCard)
	card.Disconnect(scard.LeaveCard)
	return binary.BigEndian.Uint32(resp[3:]) & 0x7fffffff % 1000000, nil
}
