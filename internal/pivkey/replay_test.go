package pivkey_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"ykmfa/internal/pivkey"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type cardFunc func([]byte) ([]byte, error)

func (f cardFunc) Transmit(command []byte) ([]byte, error) { return f(command) }

// replay is a card that knows one conversation: command, response, command, response, in hexadecimal.
type replay struct {
	t     testing.TB
	lines []string
}

func (r *replay) Transmit(command []byte) ([]byte, error) {
	r.t.Helper()
	got := hex.EncodeToString(command)
	if len(r.lines) == 0 {
		r.t.Fatalf("unexpected command %s", got)
	}
	if want := strings.ReplaceAll(r.lines[0], " ", ""); got != want {
		r.t.Fatalf("command %s\n   want %s", got, want)
	}
	resp := unhex(r.t, r.lines[1])
	r.lines = r.lines[2:]
	return resp, nil
}

const (
	selectPIV = "00a4040005a000000308"
	selected  = "61114f0600001000010079074f05a000000308 9000"
	version   = "00fd000000"

	v435 = "040305 9000"
	v543 = "050403 9000"
	v574 = "050704 9000"

	// The key pairs of RFC 5903 section 8.1: the initiator is the card, the responder the peer.
	cardPoint = "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
	peerPoint = "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
	shared    = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"

	agree = "0087119d477c4582008541" + peerPoint

	getCert9d  = "00cb3fff055c035fc10b"
	metadata9d = "00f7009d00"
)

// session selects the applet of a card of this version, which then continues with the conversation to its end.
func session(t testing.TB, v string, lines ...string) *pivkey.Session {
	t.Helper()
	r := &replay{t, append([]string{selectPIV, selected, version, v}, lines...)}
	t.Cleanup(func() {
		if len(r.lines) > 0 && !t.Failed() {
			t.Errorf("%d commands were not sent, the first %s", len(r.lines)/2, r.lines[0])
		}
	})
	s, err := pivkey.Select(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func point(t testing.TB, s string) *ecdh.PublicKey {
	t.Helper()
	p, err := ecdh.P256().NewPublicKey(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// is fails when an error is not of this kind.
func is(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
	}
}

func TestSelect(t *testing.T) {
	s := session(t, v574)
	if s.Version != (pivkey.Version{5, 7, 4}) || s.Version.String() != "5.7.4" {
		t.Errorf("version %v", s.Version)
	}
	for answer, kind := range map[string]error{
		"6a82": pivkey.ErrNoApplet, "6d00": pivkey.ErrNoApplet, "6b00": pivkey.ErrNoApplet, "6999": pivkey.ErrNoApplet, "90": pivkey.ErrCorrupt,
	} {
		_, err := pivkey.Select(&replay{t, []string{selectPIV, answer}})
		is(t, err, kind)
	}
	for answer, kind := range map[string]error{"6d00": pivkey.ErrNotSupported, "05079000": pivkey.ErrCorrupt} {
		_, err := pivkey.Select(&replay{t, []string{selectPIV, selected, version, answer}})
		is(t, err, kind)
	}
}

func TestSerial(t *testing.T) {
	if n, err := session(t, v574, "00f8000000", "00bc614e9000").Serial(); n != 12345678 || err != nil {
		t.Errorf("serial %d, %v", n, err)
	}
	_, err := session(t, v574, "00f8000000", "bc614e9000").Serial()
	is(t, err, pivkey.ErrCorrupt)

	otp := []string{"00a4040008a000000527200101", "040305010500060f0000 9000", "0001100000", "00bc614e9000", selectPIV, selected}
	if n, err := session(t, v435, otp...).Serial(); n != 12345678 || err != nil {
		t.Errorf("serial %d, %v", n, err)
	}
	otp[3] = "6985"
	_, err = session(t, v435, otp...).Serial()
	is(t, err, pivkey.ErrNotSupported)
	_, err = session(t, v435, otp[0], "6a82", selectPIV, selected).Serial()
	is(t, err, pivkey.ErrNotSupported)
}

// TestManagementVectors: both exchanges as an independent program computed them.
func TestManagementVectors(t *testing.T) {
	for _, tt := range []struct {
		name, version, challenge string
		lines                    []string
	}{
		{"3DES", v435, "8899aabbccddeeff", []string{
			"0087039b047c028000", "7c0a800826604d88e55bd3e79000",
			"0087039b167c148008001122334455667781088899aabbccddeeff", "7c0a820883e96cd48a9d71519000",
		}},
		{"AES-192", v574, "ffeeddccbbaa99887766554433221100", []string{
			"00f7009b00", "01010a020200010501019000",
			"00870a9b047c028000", "7c128010c53c74bb02939c2fd3d923078f3e757d9000",
			"00870a9b267c24801000112233445566778899aabbccddeeff8110ffeeddccbbaa99887766554433221100",
			"7c1282102f7c43f570b0a3f8d9aaa8dd4249d4c59000",
		}},
	} {
		authenticate := func(answer string) error {
			lines := append([]string(nil), tt.lines...)
			lines[len(lines)-1] = answer
			s := session(t, tt.version, lines...)
			s.Rand = bytes.NewReader(unhex(t, tt.challenge))
			return s.AuthenticateManagement(pivkey.DefaultManagementKey())
		}
		right := tt.lines[len(tt.lines)-1]
		if err := authenticate(right); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		is(t, authenticate(right[:len(right)-6]+"009000"), pivkey.ErrImpostor)
		is(t, authenticate("6982"), pivkey.ErrWrongManagementKey)
		is(t, authenticate(right[:len(right)-6]+"9000"), pivkey.ErrCorrupt)
		is(t, authenticate("7c0282009000"), pivkey.ErrCorrupt)
		is(t, authenticate(strings.Replace(right, "82", "80", 1)), pivkey.ErrCorrupt)
	}
	// A key that cannot be the right one is not sent.
	is(t, session(t, v435).AuthenticateManagement(make([]byte, 16)), pivkey.ErrWrongManagementKey)
	is(t, session(t, v574, "00f7009b00", "01010c9000").AuthenticateManagement(make([]byte, 24)), pivkey.ErrWrongManagementKey)
	is(t, session(t, v574, "00f7009b00", "0101139000").AuthenticateManagement(make([]byte, 24)), pivkey.ErrNotSupported)
}

// TestKeyAgreementVectors replays RFC 5903 section 8.1 in slot 9d.
func TestKeyAgreementVectors(t *testing.T) {
	generate := []string{getCert9d, "6a82", metadata9d, "6a88", "0047009d0bac09800111aa0102ab0101", "7f49438641" + cardPoint + "9000"}
	public, err := session(t, v574, generate...).Generate(pivkey.KeyManagement, pivkey.PINOnce, pivkey.TouchNever)
	if err != nil || !public.Equal(point(t, cardPoint)) {
		t.Errorf("Generate: %v, %v", public, err)
	}
	key, err := session(t, v574, metadata9d, "010111020202010301010443 8641"+cardPoint+"9000").Key(pivkey.KeyManagement)
	if err != nil || !key.Public.Equal(point(t, cardPoint)) || key.PIN != pivkey.PINOnce || key.Touch != pivkey.TouchNever || !key.Generated {
		t.Errorf("Key: %+v, %v", key, err)
	}
	key, err = session(t, v574, metadata9d, "010111020203030301020443 8641"+cardPoint+"9000").Key(pivkey.KeyManagement)
	if err != nil || key.PIN != pivkey.PINAlways || key.Touch != pivkey.TouchCached || key.Generated {
		t.Errorf("imported: %+v, %v", key, err)
	}
	secret, err := session(t, v574, agree, "7c228220"+shared+"9000").ECDH(pivkey.KeyManagement, point(t, peerPoint))
	if err != nil || hex.EncodeToString(secret) != shared {
		t.Errorf("ECDH: %x, %v", secret, err)
	}
}

func TestKeyRefusals(t *testing.T) {
	for answer, kind := range map[string]error{
		"6a88": pivkey.ErrNoKey, "6a82": pivkey.ErrNoKey, "6d00": pivkey.ErrNotSupported,
		"010114020202010301010403860104 9000":                        pivkey.ErrNotP256,
		"010111020202010301010443 8641" + cardPoint[:128] + "009000": pivkey.ErrCorrupt, // not on the curve
		"0101110202020103010104 9000":                                pivkey.ErrCorrupt,
		"010111 9000":                                                pivkey.ErrCorrupt,
		"0202020103010104438641" + cardPoint + "9000":                pivkey.ErrCorrupt,
		"01011102010204438641" + cardPoint + "9000":                  pivkey.ErrCorrupt,
	} {
		key, err := session(t, v574, metadata9d, answer).Key(pivkey.KeyManagement)
		is(t, err, kind)
		if key != (pivkey.KeyInfo{}) {
			t.Errorf("%s: %+v beside an error", answer, key)
		}
	}
	for _, slot := range []pivkey.Slot{0, 0x81, 0x96, 0x9b, 0xf9} {
		s := session(t, v574)
		_, err := s.Key(slot)
		is(t, err, pivkey.ErrInvalid)
		_, err = s.Empty(slot)
		is(t, err, pivkey.ErrInvalid)
		_, err = s.Certificate(slot)
		is(t, err, pivkey.ErrInvalid)
		_, err = s.ECDH(slot, point(t, peerPoint))
		is(t, err, pivkey.ErrInvalid)
		_, err = s.Generate(slot, pivkey.PINOnce, pivkey.TouchNever)
		is(t, err, pivkey.ErrInvalid)
		is(t, s.WriteCertificate(slot, []byte{1}), pivkey.ErrInvalid)
	}
}

func TestPIN(t *testing.T) {
	const verify = "0020008008313233343536ffff"
	for answer, want := range map[string]error{
		"9000": nil, "63c2": &pivkey.PINError{Tries: 2}, "63c0": pivkey.ErrPINBlocked, "6983": pivkey.ErrPINBlocked, "6302": errors.New("status"),
	} {
		err := session(t, v574, verify, answer).VerifyPIN([]byte("123456"))
		var wrong *pivkey.PINError
		switch {
		case want == nil && err != nil:
			t.Errorf("%s: %v", answer, err)
		case errors.As(want, &wrong):
			n := wrong.Tries
			if !errors.As(err, &wrong) || wrong.Tries != n {
				t.Errorf("%s: %v", answer, err)
			}
		case want == pivkey.ErrPINBlocked:
			is(t, err, want)
		case want != nil && err == nil:
			t.Errorf("%s is a right PIN", answer)
		}
	}
	if err := session(t, v574, "00200080083132333435363738", "9000").VerifyPIN([]byte("12345678")); err != nil {
		t.Error(err)
	}
	for _, pin := range []string{"", "12345", "123456789"} {
		is(t, session(t, v574).VerifyPIN([]byte(pin)), pivkey.ErrInvalid)
	}
	// A NEO tells the tries without the c.
	var wrong *pivkey.PINError
	if err := session(t, "000103 9000", verify, "6302").VerifyPIN([]byte("123456")); !errors.As(err, &wrong) || wrong.Tries != 2 {
		t.Error(err)
	}
}

func TestPINTries(t *testing.T) {
	const ask = "0020008000"
	for answer, want := range map[string]int{"63c3": 3, "63c0": 0, "6983": 0} {
		if n, err := session(t, v574, ask, answer).PINTries(); n != want || err != nil {
			t.Errorf("%s: %d, %v", answer, n, err)
		}
		if yes, err := session(t, v574, ask, answer).Verified(); yes || err != nil {
			t.Errorf("%s: verified %v, %v", answer, yes, err)
		}
	}
	if yes, err := session(t, v435, ask, "9000").Verified(); !yes || err != nil {
		t.Errorf("verified %v, %v", yes, err)
	}
	_, err := session(t, v435, ask, "9000").PINTries()
	is(t, err, pivkey.ErrPINVerified)
	if n, err := session(t, v574, ask, "9000", "00f7008000", "0101ff050101060205049000").PINTries(); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	_, err = session(t, v574, ask, "9000", "00f7008000", "0101ff0501019000").PINTries()
	is(t, err, pivkey.ErrCorrupt)
}

// TestMissing: 6982 is a PIN or a touch.
func TestMissing(t *testing.T) {
	const (
		ask    = "0020008000"
		verify = "0020008008313233343536ffff"
	)
	meta := func(policies string) string { return "0101110202" + policies + "0301010443 8641" + cardPoint + "9000" }
	for _, tt := range []struct {
		name, version string
		verified      bool
		key           []string
		want          error
	}{
		{"never", v574, false, []string{metadata9d, meta("0102")}, pivkey.ErrNotTouched},
		{"once, verified", v574, true, []string{metadata9d, meta("0202")}, pivkey.ErrNotTouched},
		{"once", v574, false, []string{metadata9d, meta("0202")}, pivkey.ErrPINNeeded},
		{"always, verified", v574, true, []string{metadata9d, meta("0302")}, pivkey.ErrNotTouched},
		{"always", v574, false, []string{metadata9d, meta("0302")}, pivkey.ErrPINNeeded},
		{"unknown, verified", v435, true, []string{getCert9d, "6a82", "00f99d0000", "6a80"}, pivkey.ErrNotTouched},
		{"unknown", v435, false, []string{getCert9d, "6a82", "00f99d0000", "6a80"}, pivkey.ErrPINNeeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines, answer := []string{agree, "6982", ask}, "63c3"
			if tt.verified {
				lines, answer = append([]string{verify, "9000"}, lines...), "9000"
			}
			s := session(t, tt.version, append(append(lines, answer), tt.key...)...)
			if tt.verified {
				if err := s.VerifyPIN([]byte("123456")); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.ECDH(pivkey.KeyManagement, point(t, peerPoint))
			is(t, err, tt.want)
			var status *pivkey.Error
			if !errors.As(err, &status) || status.Status != 0x6982 {
				t.Errorf("%v has no status word", err)
			}
		})
	}
	// The PIN was given, but not right before.
	s := session(t, v574, verify, "9000", agree, "7c228220"+shared+"9000", agree, "6982", ask, "9000", metadata9d, meta("0301"))
	if err := s.VerifyPIN([]byte("123456")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ECDH(pivkey.KeyManagement, point(t, peerPoint)); err != nil {
		t.Fatal(err)
	}
	_, err := s.ECDH(pivkey.KeyManagement, point(t, peerPoint))
	is(t, err, pivkey.ErrPINNeeded)
}

func TestECDHRefusals(t *testing.T) {
	for answer, kind := range map[string]error{
		"6a80": pivkey.ErrNoKey, "6a86": pivkey.ErrNoKey, "6b00": pivkey.ErrNoKey,
		"7c218120" + shared + "9000":          pivkey.ErrCorrupt,
		"7c21821f" + shared[:62] + "9000":     pivkey.ErrCorrupt,
		"7c228220" + shared + "009000":        pivkey.ErrCorrupt,
		"7c248220" + shared + "8200" + "9000": pivkey.ErrCorrupt,
		"9000":                                pivkey.ErrCorrupt,
	} {
		secret, err := session(t, v574, agree, answer).ECDH(pivkey.KeyManagement, point(t, peerPoint))
		is(t, err, kind)
		if secret != nil {
			t.Errorf("%s: a secret beside an error", answer)
		}
	}
	key, err := ecdh.P384().GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = session(t, v574).ECDH(pivkey.KeyManagement, key.PublicKey())
	is(t, err, pivkey.ErrNotP256)
}

// TestGenerateRefusals: nothing is overwritten, and nothing asked for that the key does not know.
func TestGenerateRefusals(t *testing.T) {
	const generate = "0047009d0bac09800111aa0102ab0101"
	empty := []string{getCert9d, "6a82", metadata9d, "6a88"}
	for _, tt := range []struct {
		version string
		lines   []string
		kind    error
	}{
		{v574, []string{getCert9d, "5303700130 9000"}, pivkey.ErrOccupied},
		{v574, []string{getCert9d, "6a82", metadata9d, "010107 9000"}, pivkey.ErrOccupied},
		{v574, []string{getCert9d, "6982"}, pivkey.ErrPINNeeded},
		{v574, []string{getCert9d, "6a82", metadata9d, "6d00"}, pivkey.ErrNotSupported},
		{v574, append(empty[:4:4], generate, "6982"), pivkey.ErrNotAuthenticated},
		{v574, append(empty[:4:4], generate, "6985"), pivkey.ErrPolicy},
		{v574, append(empty[:4:4], generate, "6a80"), pivkey.ErrInvalid},
		{v574, append(empty[:4:4], generate, "6581"), pivkey.ErrNoSpace},
		{v574, append(empty[:4:4], generate, "7f4943"+"8641"+peerPoint[:128]+"00"+"9000"), pivkey.ErrCorrupt},
		{v574, append(empty[:4:4], generate, "7f4843"+"8641"+cardPoint+"9000"), pivkey.ErrCorrupt},
	} {
		public, err := session(t, tt.version, tt.lines...).Generate(pivkey.KeyManagement, pivkey.PINOnce, pivkey.TouchNever)
		is(t, err, tt.kind)
		if public != nil {
			t.Errorf("%v: a key beside an error", tt.kind)
		}
	}
	_, err := session(t, v574).Generate(pivkey.KeyManagement, pivkey.PINUnknown, pivkey.TouchNever)
	is(t, err, pivkey.ErrInvalid)
	_, err = session(t, v574).Generate(pivkey.KeyManagement, pivkey.PINOnce, 4)
	is(t, err, pivkey.ErrInvalid)
	_, err = session(t, "010004 9000").Generate(pivkey.KeyManagement, pivkey.PINOnce, pivkey.TouchAlways)
	is(t, err, pivkey.ErrNotSupported)
	_, err = session(t, "040207 9000").Generate(pivkey.KeyManagement, pivkey.PINOnce, pivkey.TouchCached)
	is(t, err, pivkey.ErrNotSupported)
}

func TestManagementKeyState(t *testing.T) {
	const (
		metadata9b = "00f7009b00"
		admin      = "00cb3fff055c035fff00"
	)
	for _, tt := range []struct {
		version string
		lines   []string
		want    pivkey.ManagementKey
	}{
		{v574, []string{metadata9b, "01010a0202000105010 19000"}, pivkey.ManagementKey{State: pivkey.ManagementKeyDefault, Touch: pivkey.TouchNever}},
		{v574, []string{metadata9b, "01010a020200020501009000", admin, "5305800381010 29000"}, pivkey.ManagementKey{State: pivkey.ManagementKeyProtected, Touch: pivkey.TouchAlways}},
		{v574, []string{metadata9b, "01010a020200010501009000", admin, "53058003810101 9000"}, pivkey.ManagementKey{State: pivkey.ManagementKeyOther, Touch: pivkey.TouchNever}},
		{v574, []string{metadata9b, "01010a020200010501009000", admin, "6a82"}, pivkey.ManagementKey{State: pivkey.ManagementKeyOther, Touch: pivkey.TouchNever}},
		{v574, []string{metadata9b, "01010a020200010501009000", admin, "5303010203 9000"}, pivkey.ManagementKey{State: pivkey.ManagementKeyOther, Touch: pivkey.TouchNever}},
		{v435, []string{admin, "6a82"}, pivkey.ManagementKey{}},
		{v435, []string{admin, "530b800981010383040102030 49000"}, pivkey.ManagementKey{State: pivkey.ManagementKeyProtected}},
	} {
		if got, err := session(t, tt.version, tt.lines...).ManagementKey(); got != tt.want || err != nil {
			t.Errorf("%q: %+v, %v; want %+v", tt.lines, got, err, tt.want)
		}
	}
}

func TestProtectedManagementKey(t *testing.T) {
	const printed = "00cb3fff055c035fc109"
	key := "f1f2f3f4f5f6f7f8f1f2f3f4f5f6f7f8f1f2f3f4f5f6f7f8"
	got, err := session(t, v543, printed, "531c881a8918"+key+"9000").ProtectedManagementKey()
	if err != nil || hex.EncodeToString(got) != key {
		t.Errorf("%x, %v", got, err)
	}
	for answer, kind := range map[string]error{
		"6982": pivkey.ErrPINNeeded, "6a82": pivkey.ErrNoProtectedKey, "53028800 9000": pivkey.ErrNoProtectedKey, "53009000": pivkey.ErrNoProtectedKey,
		"531c801a8918" + key + "9000": pivkey.ErrNoProtectedKey, "881a8918" + key + "9000": pivkey.ErrCorrupt,
	} {
		got, err := session(t, v543, printed, answer).ProtectedManagementKey()
		is(t, err, kind)
		if got != nil {
			t.Errorf("%s: a key beside an error", answer)
		}
	}
}

// TestEmptyByUse: on firmware that does not tell, each algorithm is tried.
func TestEmptyByUse(t *testing.T) {
	// The points that generate the curves: SEC 2 section 2.4.2 and 2.5.1.
	const (
		g256 = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
		g384 = "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7" +
			"3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
	)
	padding := func(n int) string { return "0001" + strings.Repeat("ff", n-3) + "00" }
	long := "7c820106" + "8200" + "81820100" + padding(256)
	commands := []string{
		"0087119d477c4582008541" + g256,
		"0087149d677c6582008561" + g384,
		"1087079dff" + long[:510], "0087079d0b" + long[510:],
		"0087069d88" + "7c8185" + "8200" + "818180" + padding(128),
	}
	for _, tt := range []struct {
		name    string
		answers []string
		want    bool
		err     error
	}{
		{"empty", []string{"6a80", "6a80", "9000", "6b00", "6a86"}, true, nil},
		{"P-256 and the PIN", []string{"6982", "6a80", "9000", "6a80", "6a80"}, false, nil},
		{"P-384, used", []string{"6a80", "7c328230" + strings.Repeat("11", 48) + "9000"}, false, nil},
		{"RSA", []string{"6a80", "6a80", "9000", "6982", "6a80"}, false, nil},
		{"the PIN first", []string{"6982", "6982", "9000", "6982", "6982", "63c3"}, false, pivkey.ErrPINNeeded},
		{"all refused", []string{"6982", "6982", "9000", "6982", "6982", "9000"}, false, nil},
		{"another word", []string{"6a80", "6f00"}, false, errors.New("status")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := []string{getCert9d, "6a82", "00f99d0000", "6a80"}
			for i, answer := range tt.answers {
				lines = append(lines, append(commands, "0020008000")[i], answer)
			}
			empty, err := session(t, v435, lines...).Empty(pivkey.KeyManagement)
			if empty != tt.want || (err != nil) != (tt.err != nil) {
				t.Errorf("empty %v, %v; want %v, %v", empty, err, tt.want, tt.err)
			}
			if tt.err == pivkey.ErrPINNeeded {
				is(t, err, tt.err)
			}
		})
	}
	// A key that was made on the card is attested; NEOs and the first 4s do not know how.
	if empty, err := session(t, v435, getCert9d, "6a82", "00f99d0000", "3000 9000").Empty(pivkey.KeyManagement); empty || err != nil {
		t.Errorf("attested: empty %v, %v", empty, err)
	}
	if empty, err := session(t, "040207 9000", getCert9d, "6a82", commands[0], "6982", commands[1], "6a80",
		commands[2], "9000", commands[3], "6a80", commands[4], "6a80").Empty(pivkey.KeyManagement); empty || err != nil {
		t.Errorf("4.2.7: empty %v, %v", empty, err)
	}
}

// TestFreeRetired looks through all twenty, in their order.
func TestFreeRetired(t *testing.T) {
	var lines []string
	for i := range 20 {
		lines = append(lines, "00cb3fff055c035fc1"+hex.EncodeToString([]byte{byte(0x0d + i)}), "5303700130 9000")
	}
	_, err := session(t, v574, lines...).FreeRetired()
	is(t, err, pivkey.ErrFull)
	lines = append(lines[:38], lines[38], "6a82", "00f7009500", "6a88")
	if slot, err := session(t, v574, lines...).FreeRetired(); slot != 0x95 || err != nil {
		t.Errorf("slot %v, %v", slot, err)
	}
	_, err = session(t, v574, lines[0], "6f00").FreeRetired()
	var status *pivkey.Error
	if !errors.As(err, &status) {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]pivkey.Slot{"9a": 0x9a, "9C": 0x9c, "9d": 0x9d, "9e": 0x9e, "82": 0x82, "95": 0x95} {
		slot, err := pivkey.ParseSlot(text)
		if slot != want || err != nil || slot.String() != strings.ToLower(text) {
			t.Errorf("%s: %v, %v", text, slot, err)
		}
	}
	for _, text := range []string{"", "9", "09a", "9b", "9f", "f9", "81", "96", "zz", "+9"} {
		_, err := pivkey.ParseSlot(text)
		is(t, err, pivkey.ErrInvalid)
	}
	for text, want := range map[string]pivkey.PINPolicy{"never": 1, "once": 2, "always": 3} {
		if p, err := pivkey.ParsePINPolicy(text); p != want || err != nil || p.String() != text {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	for text, want := range map[string]pivkey.TouchPolicy{"never": 1, "always": 2, "cached": 3} {
		if p, err := pivkey.ParseTouchPolicy(text); p != want || err != nil || p.String() != text {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	_, err := pivkey.ParsePINPolicy("unknown")
	is(t, err, pivkey.ErrInvalid)
	_, err = pivkey.ParseTouchPolicy("once")
	is(t, err, pivkey.ErrInvalid)
}

// TestMessages: what people read.
func TestMessages(t *testing.T) {
	_, unknown := session(t, v574, getCert9d, "6f00").Certificate(pivkey.KeyManagement)
	_, known := session(t, v574, getCert9d, "6a82").Certificate(pivkey.KeyManagement)
	_, corrupt := session(t, v574, metadata9d, "0101 9000").Key(pivkey.KeyManagement)
	_, slot := pivkey.ParseSlot("9b")
	for want, got := range map[string]error{
		"wrong PIN, 2 tries left":                                  &pivkey.PINError{Tries: 2},
		"wrong PIN, one try left":                                  &pivkey.PINError{Tries: 1},
		"GET DATA: status 6f00":                                    unknown,
		"GET DATA: no certificate in the slot (status 6a82)":       known,
		"GET METADATA: the card's answer makes no sense":           corrupt,
		"invalid data: no slot \"9b\": 9a, 9c, 9d, 9e or 82 to 95": slot,
	} {
		if got == nil || got.Error() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if s := pivkey.ManagementKeyProtected.String(); s != "protected by the PIN" {
		t.Error(s)
	}
	if s := pivkey.PINPolicy(9).String() + ", " + pivkey.TouchPolicy(9).String() + ", " + pivkey.ManagementKeyState(9).String(); s != "PIN policy 09, touch policy 09, state 09" {
		t.Error(s)
	}
}
