package oath_test

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"ykmfa/oath"
)

// RFC 6238 appendix B.
func TestTOTP(t *testing.T) {
	for _, tt := range []struct {
		at        int64
		algorithm oath.Algorithm
		secret    []byte
		want      string
	}{
		{59, oath.SHA1, s20, "94287082"}, {59, oath.SHA256, s32, "46119246"}, {59, oath.SHA512, s64, "90693936"},
		{1111111109, oath.SHA1, s20, "07081804"}, {1111111109, oath.SHA256, s32, "68084774"}, {1111111109, oath.SHA512, s64, "25091201"},
		{1111111111, oath.SHA1, s20, "14050471"}, {1111111111, oath.SHA256, s32, "67062674"}, {1111111111, oath.SHA512, s64, "99943326"},
		{1234567890, oath.SHA1, s20, "89005924"}, {1234567890, oath.SHA256, s32, "91819424"}, {1234567890, oath.SHA512, s64, "93441116"},
		{2000000000, oath.SHA1, s20, "69279037"}, {2000000000, oath.SHA256, s32, "90698825"}, {2000000000, oath.SHA512, s64, "38618901"},
		{20000000000, oath.SHA1, s20, "65353130"}, {20000000000, oath.SHA256, s32, "77737706"}, {20000000000, oath.SHA512, s64, "47863826"},
	} {
		challenge := oath.TimeChallenge(time.Unix(tt.at, 0), 30*time.Second)
		r := oath.Response{HMAC: tt.algorithm.HMAC(tt.secret, challenge), Digits: 8}
		if got := r.Code().String(); got != tt.want {
			t.Errorf("%v at %d: %s, want %s", tt.algorithm, tt.at, got, tt.want)
		}
	}
}

// RFC 4226 appendix D, both tables.
func TestHOTP(t *testing.T) {
	for counter, want := range []struct {
		hmac      string
		truncated uint32
		code      string
	}{
		{"cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 1284755224, "755224"}, {"75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1094287082, "287082"},
		{"0bacb7fa082fef30782211938bc1c5e70416ff44", 137359152, "359152"}, {"66c28227d03a2d5529262ff016a1e6ef76557ece", 1726969429, "969429"},
		{"a904c900a64b35909874b33e61c5938a8e15ed1c", 1640338314, "338314"}, {"a37e783d7b7233c083d4f62926c7a25f238d0316", 868254676, "254676"},
		{"bc9cd28561042c83f219324d3c607256c03272ae", 1918287922, "287922"}, {"a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 82162583, "162583"},
		{"1b3c89f65e6c9e883012052823443f048b4332db", 673399871, "399871"}, {"1637409809a679dc698207310c8c7fc07290d9e5", 645520489, "520489"},
	} {
		mac := oath.SHA1.HMAC(s20, oath.CounterChallenge(uint64(counter)))
		if hex.EncodeToString(mac) != want.hmac {
			t.Errorf("counter %d: HMAC %x", counter, mac)
		}
		if got := (oath.Response{HMAC: mac, Digits: 6}).Code().String(); got != want.code {
			t.Errorf("counter %d: %s, want %s", counter, got, want.code)
		}
		if got := (oath.Response{HMAC: mac, Digits: 10}).Code().Value; got != want.truncated {
			t.Errorf("counter %d: %d, want %d", counter, got, want.truncated)
		}
	}
	// yubikey-manager's device test: "abba" in base32.
	if got := (oath.Response{HMAC: oath.SHA1.HMAC([]byte{0x00, 0x42}, oath.CounterChallenge(0)), Digits: 6}).Code().String(); got != "659165" {
		t.Errorf("abba: %s", got)
	}
}

// Made by ykman.
func TestSteam(t *testing.T) {
	for at, want := range map[int64]string{59: "PV9M4", 1111111109: "PY4YB", 1234567890: "VHHQY"} {
		r := oath.Response{HMAC: oath.SHA1.HMAC(s20, oath.TimeChallenge(time.Unix(at, 0), 30*time.Second)), Digits: 6}
		if got := r.Steam(); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

func TestTimeChallenge(t *testing.T) {
	for _, tt := range []struct {
		at     int64
		period time.Duration
		want   string
	}{
		{59, 30 * time.Second, "0000000000000001"}, {1111111109, 60 * time.Second, "00000000011a91f6"},
		{20000000000, 30 * time.Second, "0000000027bc86aa"}, {59, time.Second, "000000000000003b"}, {59, 0, "0000000000000001"}, {59, time.Millisecond, "0000000000000001"},
	} {
		if got := hex.EncodeToString(oath.TimeChallenge(time.Unix(tt.at, 0), tt.period)); got != tt.want {
			t.Errorf("%d / %v: %s, want %s", tt.at, tt.period, got, tt.want)
		}
	}
}

// Code chooses challenge and form of the answer by the id.
func TestSessionCode(t *testing.T) {
	at := time.Unix(1111111109, 0)
	for _, tt := range []struct {
		id              string
		typ             oath.Type
		command, answer string
		want            string
	}{
		{"60/Big:slow", oath.TOTP, "00a2000117710b36302f4269673a736c6f77740800000000011a91f6", "760508026f6ee79000", "40857319"},
		{"hotp", oath.HOTP, "00a20001107104686f747074080000000000000000", "7605060b86189000", ""},
		{"Steam:gabe", oath.TOTP, "00a2000016710a537465616d3a67616265740800000000023523ec", "", "PY4YB"},
	} {
		answer := tt.answer
		if tt.id == "Steam:gabe" {
			answer = "751506" + hex.EncodeToString(oath.SHA1.HMAC(s20, oath.TimeChallenge(at, oath.DefaultPeriod))) + "9000"
		}
		if tt.id == "hotp" {
			answer, tt.want = "760506000b8618"+"9000", "755224"
		}
		got, err := session(t, open543, tt.command, answer).Code([]byte(tt.id), tt.typ, at)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.id, got, err, tt.want)
		}
	}
	for _, id := range []string{"a", "Steam:a"} {
		s := opened(t, open543, []byte{0x69, 0x84})
		if code, err := s.Code([]byte(id), oath.TOTP, at); !errors.Is(err, oath.ErrNotFound) || code != "" {
			t.Errorf("%s: %q, %v", id, code, err)
		}
	}
}

func TestParseAlgorithm(t *testing.T) {
	for text, want := range map[string]oath.Algorithm{
		"SHA1": oath.SHA1, "sha-256": oath.SHA256, "HmacSHA512": oath.SHA512, "HMAC-SHA-1": oath.SHA1, "sha_256": oath.SHA256,
	} {
		if got, err := oath.ParseAlgorithm(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MD5", "SHA", "SHA3", "SHA2560"} {
		if got, err := oath.ParseAlgorithm(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestCapacity(t *testing.T) {
	for answer, want := range map[string]int{
		"7903010000 710401020304 9000": 0, "7903040305 710401020304 9000": 32, "7903050604 710401020304 9000": 32,
		"7903050700 710401020304 9000": 64, "7903060000 710401020304 9000": 0,
	} {
		if got := session(t, answer).Capacity(); got != want {
			t.Errorf("%s: %d, want %d", answer, got, want)
		}
	}
}
