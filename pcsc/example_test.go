package pcsc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"ykmfa/pcsc"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := pcsc.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	readers, err := client.Readers(ctx)
	if errors.Is(err, pcsc.ErrNoReader) || errors.Is(err, pcsc.ErrNoCard) {
		var reader string
		reader, err = client.WaitForCard(ctx, nil)
		readers = []string{reader}
	}
	if err != nil {
		log.Fatal(err)
	}
	card, err := client.Open(ctx, readers[0])
	if err != nil {
		log.Fatal(err)
	}
	defer card.Close()
	resp, err := card.Transmit([]byte{0x00, 0xa4, 0x04, 0x00, 0x07, 0xa0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01}) // SELECT OATH
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", resp)
}
