package virtualkey

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// reader is vpcd's end of the connection.
type reader struct {
	t    *testing.T
	conn net.Conn
	done chan error // what ServeVPCD returned
}

func serve(t *testing.T, ctx context.Context, k *Key) reader {
	t.Helper()
	ours, theirs := net.Pipe()
	r := reader{t, ours, make(chan error, 1)}
	if err := ours.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- k.ServeVPCD(ctx, theirs) }()
	t.Cleanup(func() { ours.Close() })
	return r
}

// write sends a frame; bytes, not a message, as vpcd does.
func (r reader) write(frame string) {
	r.t.Helper()
	b := unhex(r.t, frame)
	for _, part := range [][]byte{{byte(len(b) >> 8), byte(len(b))}, b} {
		if _, err := r.conn.Write(part); err != nil {
			r.t.Fatalf("%s: %v", frame, err)
		}
	}
}

func (r reader) expect(want string) {
	r.t.Helper()
	var size [2]byte
	if _, err := io.ReadFull(r.conn, size[:]); err != nil {
		r.t.Fatalf("no answer %s: %v", want, err)
	}
	b := make([]byte, int(size[0])<<8|int(size[1]))
	if _, err := io.ReadFull(r.conn, b); err != nil {
		r.t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != want {
		r.t.Fatalf("got %s, want %s", got, want)
	}
}

const atr5Hex = "3bfd1300008131fe158073c021c057597562694b657940"

func TestServeVPCD(t *testing.T) {
	k := openKey(t, Options{Firmware: "5.4.3", Serial: 12345678, Rand: fixed(t, salt)})
	r := serve(t, context.Background(), k)
	for _, reset := range []string{"01", "02", "00"} {
		r.write(reset)
		r.write("04")
		r.expect(atr5Hex)
		r.write("00a1000000")
		r.expect("6d00") // SELECT was forgotten
		r.write(selectOATH)
		r.expect("790305040371080123456789abcdef9000")
	}
	r.conn.Close()
	if err := <-r.done; err != nil {
		t.Errorf("the reader closed the connection: %v", err)
	}
}

func TestServeVPCDCutFrame(t *testing.T) {
	r := serve(t, context.Background(), openKey(t, Options{}))
	if _, err := r.conn.Write([]byte{0, 5, 0}); err != nil {
		t.Fatal(err)
	}
	r.conn.Close()
	if err := <-r.done; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestServeVPCDEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	k, waiting, _ := touchable(t, Options{TouchTimeout: time.Hour})
	r := serve(t, ctx, k)
	r.write(calculateTOTP)
	<-waiting
	cancel()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestServeVPCDFaults(t *testing.T) {
	for _, fault := range []string{"cut@2", "vanish@2"} {
		k := openKey(t, Options{Rand: fixed(t, salt), Faults: faults(t, fault)})
		r := serve(t, context.Background(), k)
		r.write(selectOATH)
		r.expect("790305070471080123456789abcdef9000")
		r.write("00a1000000")
		if n, err := r.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: %d bytes, %v", fault, n, err)
		}
		if err := <-r.done; !errors.Is(err, ErrRemoved) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

// A key that waits for touch answers no more once it has lost power, and is ready when it has it again.
func TestServeVPCDPowerOffWhileWaiting(t *testing.T) {
	for _, off := range []string{"00", "02"} {
		k, waiting, _ := touchable(t, Options{TouchTimeout: time.Hour, Rand: fixed(t, salt)})
		r := serve(t, context.Background(), k)
		r.write(calculateTOTP)
		<-waiting
		r.write(off)
		r.write("01")
		r.write("04")
		r.expect(atr5Hex)
		r.write(selectOATH)
		r.expect("790305070471080123456789abcdef9000")
	}
}

// vpcd asks for the ATR to see whether the card is there; that does not end the wait.
func TestServeVPCDPollWhileWaiting(t *testing.T) {
	k, waiting, fingers := touchable(t, Options{TouchTimeout: time.Hour})
	r := serve(t, context.Background(), k)
	r.write(calculateTOTP)
	<-waiting
	r.write("04")
	fingers <- true
	r.expect("7605060004616a9000")
	r.expect(atr5Hex)
}

func TestServeVPCDClosedWhileWaiting(t *testing.T) {
	k, waiting, _ := touchable(t, Options{TouchTimeout: time.Hour})
	r := serve(t, context.Background(), k)
	r.write(calculateTOTP)
	<-waiting
	r.conn.Close()
	if err := <-r.done; err != nil {
		t.Errorf("%v", err)
	}
}
