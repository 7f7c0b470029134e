package virtualkey

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
)

// Control bytes of vpcd: a frame of one byte is not an APDU.
const (
	vpcdPowerOff = 0x00
	vpcdPowerOn  = 0x01
	vpcdReset    = 0x02
	vpcdATR      = 0x04
)

// maxPipelined is how many frames may wait while one is executed.
const maxPipelined = 16

// vpcdFrame is what the reader sent. powered ends when the reader has meanwhile cut the power.
type vpcdFrame struct {
	powered context.Context
	data    []byte
}

// ServeVPCD is the card on a connection to vpcd, the virtual reader of the vsmartcard project: frames of a two-byte
// big-endian length and that many bytes, each answered by one frame except power off, power on and reset. It closes
// conn and returns nil when the reader has closed it, ErrRemoved when a fault took the card out, the cause when ctx ended.
func (k *Key) ServeVPCD(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(serving, func() { conn.Close() })
	defer stop()

	frames := make(chan vpcdFrame, maxPipelined)
	var readError error // written before frames is closed
	go func() {
		readError = readVPCD(serving, conn, frames)
		close(frames)
	}()
	for f := range frames {
		if err := k.serveVPCDFrame(conn, f); err != nil {
			return vpcdError(ctx, err)
		}
	}
	return vpcdError(ctx, readError)
}

func vpcdError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, ErrRemoved):
		return err
	}
	return fmt.Errorf("virtualkey: connection to vpcd: %w", err)
}

// power is the time from one power-on or reset to the next power-off or reset.
type power struct {
	on  context.Context
	off context.CancelFunc
}

func powerOn(ctx context.Context) power {
	on, off := context.WithCancel(ctx)
	return power{on, off}
}

// readVPCD reads ahead, so that a key that waits for touch notices when it loses power or the reader.
func readVPCD(ctx context.Context, conn net.Conn, frames chan<- vpcdFrame) error {
	p := powerOn(ctx)
	defer func() { p.off() }()
	for {
		data, err := readVPCDFrame(conn)
		if err != nil {
			return err
		}
		if len(data) == 1 && data[0] != vpcdATR {
			p.off()
			p = powerOn(ctx)
		}
		select {
		case frames <- vpcdFrame{p.on, data}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readVPCDFrame reads one frame; only between two frames the end of the connection is io.EOF.
func readVPCDFrame(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, data)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// serveVPCDFrame acts on one frame and writes the answer, if there is one, with a single write.
func (k *Key) serveVPCDFrame(w io.Writer, f vpcdFrame) error {
	var answer []byte
	switch {
	case len(f.data) == 0:
		return nil
	case len(f.data) == 1 && f.data[0] == vpcdATR:
		answer = k.ATR()
	case len(f.data) == 1:
		k.Reset() // power off, power on and reset are the same to what the key remembers
		return nil
	default:
		var err error
		if answer, err = k.transmit(f.powered, f.data); err != nil {
			return err
		}
		if f.powered.Err() != nil {
			return nil // nobody waits any more
		}
	}
	if len(answer) > math.MaxUint16 {
		return errors.New("internal error: answer too long")
	}
	_, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}
