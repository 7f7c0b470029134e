package virtualkey

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func openKey(t testing.TB, o Options) *Key {
	t.Helper()
	k, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func faults(t testing.TB, s string) []Fault {
	t.Helper()
	f, err := ParseFaults(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFaultRefuse(t *testing.T) {
	k := openKey(t, Options{Rand: fixed(t, salt), Faults: faults(t, "refuse@2:6f00,refuse@4:6581")})
	play(t, k, `
		> `+selectOATH+`
		> `+putAPDU("a", 0x21, 6, s20, "")+`
		< 6f00
		> 00a10000
		< 9000
		> `+putAPDU("a", 0x21, 6, s20, "")+`
		< 6581
		> `+putAPDU("a", 0x21, 6, s20, "")+`
		< 9000
	`)
}

func TestFaultCutAndVanish(t *testing.T) {
	for fault, want := range map[string]string{"cut@2": "720221619000", "vanish@2": "9000"} {
		k := openKey(t, Options{Faults: faults(t, fault)})
		send(t, k, selectOATH)
		for range 2 { // at the fault, and as long as the card is out
			answer, err := k.Transmit(unhex(t, putAPDU("a", 0x21, 6, s20, "")))
			if !errors.Is(err, ErrRemoved) || answer != nil {
				t.Fatalf("%s: %x, %v", fault, answer, err)
			}
		}
		k.Reinsert()
		play(t, k, "> 00a10000\n< 6d00\n> "+selectOATH)
		play(t, k, "> 00a10000\n< "+want)
	}
}

func TestParseFaults(t *testing.T) {
	got, err := ParseFaults("refuse@7:6f00, cut@8,vanish@9")
	want := []Fault{{Refuse, 7, 0x6f00}, {Cut, 8, 0}, {Vanish, 9, 0}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseFaults(""); err != nil || got != nil {
		t.Errorf("empty: %v, %v", got, err)
	}
	for _, bad := range []string{"refuse@7", "refuse@7:", "refuse@7:6f", "refuse@7:6f000", "cut@0", "cut@-1", "cut", "cut@7:6f00", "melt@7", "cut@7,", "@7"} {
		if f, err := ParseFaults(bad); err == nil || f != nil {
			t.Errorf("%q: %v", bad, f)
		}
	}
}

func TestLog(t *testing.T) {
	k := openKey(t, Options{})
	send(t, k, selectOATH)
	send(t, k, putAPDU("a", 0x21, 6, s20, ""))
	send(t, k, "00a1")
	if want := []string{"00a40400", "00010000", "00a1"}; !slices.Equal(k.Log(), want) {
		t.Errorf("log %q", k.Log())
	}
	k.ClearLog()
	if len(k.Log()) != 0 {
		t.Errorf("log %q after ClearLog", k.Log())
	}
}

// touchable returns a key with a TOTP and a HOTP credential that need touch. Each wait is announced on waiting and
// ends with what comes on fingers.
func touchable(t *testing.T, o Options) (k *Key, waiting chan struct{}, fingers chan bool) {
	waiting, fingers = make(chan struct{}), make(chan bool)
	o.Touch = func(ctx context.Context) bool {
		waiting <- struct{}{}
		select {
		case touched := <-fingers:
			return touched
		case <-ctx.Done():
			return false
		}
	}
	k = openKey(t, o)
	send(t, k, selectOATH)
	send(t, k, putAPDU("t", 0x21, 6, s20, "7802"))
	send(t, k, putAPDU("h", 0x11, 6, s20, "7802"))
	return k, waiting, fingers
}

const (
	calculateTOTP = "00a200010d71017474080000000000000001"
	calculateHOTP = "00a20001057101687400"
)

func TestTouchByHand(t *testing.T) {
	k, waiting, fingers := touchable(t, Options{})
	play(t, k, "> 00a400010a74080000000000000001\n< 7101747c0106 710168770106 9000") // waits for nothing
	for apdu, want := range map[string]string{calculateTOTP: "7605060004616a9000", calculateHOTP: "760506000b86189000"} {
		answer := make(chan string)
		go func() { answer <- send(t, k, apdu) }()
		<-waiting
		if log := k.Log(); log[len(log)-1] != "00a20001" {
			t.Errorf("log %q while waiting", log)
		}
		fingers <- true
		if got := <-answer; got != want {
			t.Errorf("%s: %s, want %s", apdu, got, want)
		}
	}
}

// A HOTP value that was not given out is not lost either.
func TestTouchTimeout(t *testing.T) {
	k, waiting, fingers := touchable(t, Options{TouchTimeout: time.Millisecond})
	answer := make(chan string)
	for _, apdu := range []string{calculateTOTP, calculateHOTP} {
		go func() { answer <- send(t, k, apdu) }()
		<-waiting
		if got := <-answer; got != "6982" {
			t.Errorf("%s: %s", apdu, got)
		}
	}
	k.touchTimeout = time.Hour
	go func() { answer <- send(t, k, calculateHOTP) }()
	<-waiting
	fingers <- true
	if got := <-answer; got != "760506000b86189000" {
		t.Errorf("after the time-out: %s", got)
	}
}

func TestParseTouch(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		touch string
		ctx   context.Context
		want  bool
	}{{"now", context.Background(), true}, {"never", ended, false}, {"1ms", context.Background(), true}, {"1h", ended, false}} {
		touch, err := ParseTouch(tt.touch)
		if err != nil || touch(tt.ctx) != tt.want {
			t.Errorf("%q: %v", tt.touch, err)
		}
	}
	for _, bad := range []string{"", "2", "-1s", "soon"} {
		if _, err := ParseTouch(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
