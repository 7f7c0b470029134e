package virtualkey

import (
	"bytes"
	"encoding/json"
	"testing"
)

// frames joins APDUs as FuzzTransmit takes them apart: one byte of length before each.
func frames(t testing.TB, apdus ...string) []byte {
	var out []byte
	for _, a := range apdus {
		b := unhex(t, a)
		out = append(append(out, byte(len(b))), b...)
	}
	return out
}

// FuzzTransmit sends any sequence of bytes to every profile: each answer has a status word, none but success and "more"
// carries data, and what the key then remembers is a state that it would open again.
func FuzzTransmit(f *testing.F) {
	for i := range byte(len(Profiles())) {
		f.Add(i, frames(f, selectOATH, putAPDU("a", 0x21, 6, s20, "7803"), putAPDU("h", 0x11, 8, s20, "7a04ffffffff"),
			"00a10000", "00a400010a74080000000000000001", "00a20001057101687400", "0005000006710161710162", "0002000003710162"))
		f.Add(i, frames(f, selectOATH, "00030000337311213a64b689d233983cdb7d27da18f6faef7408887766554433221175146a8ee8104d136a88c09a65b4afb9dbb147197b73",
			selectOATH, "00a30000207514c2ac0b2d09bcac0bc62556ad18b7d2624b2ef84374088877665544332211", "00030000027300", "0004dead"))
		f.Add(i, frames(f, "00a4040008a000000527471117", "001d000000", "00a4040008a000000527200101", "0001100000", "00c00000", "10010000020000", "00a5"))
	}
	f.Fuzz(func(t *testing.T, profile byte, data []byte) {
		names := Profiles()
		k := newKey(t, names[int(profile)%len(names)], salt, cardChallenge)
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			checkAnswer(t, k, data[1:1+n])
			data = data[1+n:]
		}
		checkState(t, k)
	})
}

func checkAnswer(t *testing.T, k *Key, apdu []byte) {
	sent := bytes.Clone(apdu)
	answer, err := k.Transmit(apdu)
	if err != nil || len(answer) < 2 {
		t.Fatalf("%x: %x, %v", apdu, answer, err)
	}
	sw1, sw2 := answer[len(answer)-2], answer[len(answer)-1]
	success := sw1 == 0x61 || sw1 == 0x90 && sw2 == 0
	if !success && len(answer) != 2 {
		t.Fatalf("%x: data with status %02x%02x", apdu, sw1, sw2)
	}
	if len(answer) > 258 {
		t.Fatalf("%x: %d bytes in one piece", apdu, len(answer))
	}
	if !bytes.Equal(apdu, sent) {
		t.Fatalf("%x was changed", sent)
	}
}

func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"format":1,"firmware":"5.4.3","serial":7,"salt":"ASNFZ4mrze8=","credentials":[{"id":"YQ==","algorithm":33,"digits":6,"key":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="}]}`))
	f.Add([]byte(`{"format":1,"firmware":"NEO","serial":7,"salt":"ASNFZ4mrze8=","access_key":{"algorithm":33,"key":"YQ=="},"credentials":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseState(again); err != nil {
			t.Fatalf("does not read back: %v", err)
		}
	})
}

func FuzzParseFault(f *testing.F) {
	for _, s := range []string{"refuse@7:6f00", "cut@7", "vanish@12", "refuse@0:6f00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fault, err := ParseFault(s)
		if err != nil {
			if fault != (Fault{}) {
				t.Fatalf("%q: %v with an error", s, fault)
			}
			return
		}
		if fault.At < 1 || fault.Kind != Refuse && fault.Status != 0 {
			t.Fatalf("%q: %+v", s, fault)
		}
	})
}
