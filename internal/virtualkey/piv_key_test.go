package virtualkey

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/iso7816"
)

// The P-384 key pairs of RFC 5903 section 8.2.
const (
	cardScalar384 = "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194"
	cardPoint384  = "04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c"
	peerPoint384  = "04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c"
	shared384     = "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746"
)

func TestPIVP384(t *testing.T) {
	play(t, managed(t, cardScalar384), `
		> 0047008205ac03800114
		< 7f49638661`+cardPoint384+` 9000
		> `+verifyPIN+`
		> 0087148267 7c65 8200 8561`+peerPoint384+`
		< 7c328230`+shared384+` 9000
		> 00f7008200
		< 010114 02020201 030101 0463 8661`+cardPoint384+` 9000
	`)
}

// Without policies the slot decides, as Yubico's documents say.
func TestPIVDefaultPolicies(t *testing.T) {
	for slot, pin := range map[string]string{"9a": "02", "9c": "03", "9d": "02", "9e": "01", "82": "02", "95": "02"} {
		for _, body := range []string{"05ac03800111", "0bac09800111aa0100ab0100"} {
			play(t, managed(t, cardScalar), `
				> 004700`+slot+body+`
				> 00f700`+slot+`00
				< 010111 0202`+pin+`01 030101 0443 8641`+cardPoint+` 9000
			`)
		}
	}
}

func TestPIVGenerateRefused(t *testing.T) {
	k := managed(t, cardScalar)
	for apdu, want := range map[string]string{
		"0047019d05ac03800111": "6a86", "0047009b05ac03800111": "6a86", "004700f905ac03800111": "6a86", "0047008105ac03800111": "6a86",
		"0047009605ac03800111": "6a86",
		"0047009d05ac03800107": "6a80", "0047009d05ac038001e1": "6a80", "0047009d05ac03800103": "6a80", "0047009d06ac0480021111": "6a80",
		"0047009d06ac03800111 00": "6a80", "0047009d08ac06800111aa0104": "6a80", "0047009d08ac06800111ab0104": "6a80",
		"0047009d09ac07800111aa020101": "6a80", "0047009d0bac09800111ab0101aa0101": "6a80", "0047009d05ad03800111": "6a80", "0047009d00": "6a80",
	} {
		if got := send(t, k, apdu); got != want {
			t.Errorf("%s: %s, want %s", apdu, got, want)
		}
	}
	play(t, k, "> 00f7009d00\n< 6a88\n> 00f7009600\n< 6a88\n> 00f7019b00\n< 6a86")
}

// A scalar that is not in the range of the curve is drawn again; a source that gives no other is given up.
func TestPIVGenerateDrawsAgain(t *testing.T) {
	above := strings.Repeat("ff", 32)
	play(t, managed(t, above, cardScalar), "> 0047009d05ac03800111\n< 7f49438641"+cardPoint+" 9000")
	play(t, managed(t), "> 0047009d05ac03800111\n< 6581\n> 00f7009d00\n< 6a88")
}

func TestPIVImport(t *testing.T) {
	k := managed(t)
	play(t, k, `
		> 00fe119d28 0620`+cardScalar+` aa0101ab0101
		< 9000
		> `+agreeIn9d+`
		< `+agreed+`
		> 00f7009d00
		< 010111 02020101 030102 0443 8641`+cardPoint+` 9000
		> 00fe118222 0620`+cardScalar+`
		< 9000
		> 00f7008200
		< 010111 02020201 030102 0443 8641`+cardPoint+` 9000
		> 00fe119b22 0620`+cardScalar+`
		< 6a86
		> 00fe079d22 0620`+cardScalar+`
		< 6a86
		> 00fe149d22 0620`+cardScalar+`
		< 6a80
		> 00fe119d22 0720`+cardScalar+`
		< 6a80
		> 00fe119d22 0620`+strings.Repeat("00", 32)+`
		< 6a80
		> 00fe119d25 0620`+cardScalar+`aa0105
		< 6a80
		> 00fe119d23 0620`+cardScalar+`00
		< 6a80
		> `+agreeIn9d+`
		< `+agreed)
	play(t, applied(t, "5.4.3"), "> 00fe119d22 0620"+cardScalar+"\n< 6982")
}

// withKey returns a 5.4.3 with the RFC's key in 9d, under these policies.
func withKey(t testing.TB, pin, touch string, o Options) *Key {
	t.Helper()
	o.Firmware, o.Rand = "5.4.3", fixed(t, salt, "00000000", witness3DES, cardScalar)
	k := openKey(t, o)
	play(t, k, "> "+selectPIV+"\n"+mutual3DES+"> 0047009d0bac09800111aa01"+pin+"ab01"+touch+"\n< 7f49438641"+cardPoint+" 9000")
	return k
}

func TestPIVPINPolicies(t *testing.T) {
	const (
		use   = "> " + agreeIn9d + "\n< "
		right = "> " + verifyPIN + "\n< 9000\n"
		wrong = "> 0020008008303030303030ffff\n< 63c2\n"
	)
	for policy, script := range map[string]string{
		"01": use + agreed + "\n" + wrong + use + agreed,
		"02": use + "6982\n" + right + use + agreed + "\n" + use + agreed + "\n> 00fd000000\n" + use + agreed + "\n" + wrong + use + "6982\n" +
			right + "> 0020ff8000\n" + use + "6982",
		"03": use + "6982\n" + right + use + agreed + "\n" + use + "6982\n" + right + "> 00fd000000\n" + use + "6982\n" +
			right + "> 0020008000\n< 9000\n" + use + "6982\n" + right + wrong + use + "6982\n" + right + "> " + selectPIV + "\n" + use + "6982",
	} {
		t.Run(policy, func(t *testing.T) { play(t, withKey(t, policy, "01", Options{}), script) })
	}
}

// The PIN verified stays so while the management key is being proved.
func TestPIVPINOutlastsAuthentication(t *testing.T) {
	k := withKey(t, "02", "01", Options{})
	k.piv().rand = fixed(t, witness3DES)
	play(t, k, "> "+verifyPIN+"\n"+mutual3DES+"> "+agreeIn9d+"\n< "+agreed)
}

func TestPIVTouchPolicies(t *testing.T) {
	for policy, want := range map[string][]int{"01": {0, 0, 0, 0}, "02": {1, 2, 3, 4}, "03": {1, 1, 1, 2}} {
		t.Run(policy, func(t *testing.T) {
			touches := 0
			k := withKey(t, "01", policy, Options{Touch: func(context.Context) bool { touches++; return true }})
			start := time.Unix(1700000000, 0)
			for i, after := range []time.Duration{0, time.Second, 15*time.Second - 1, 15 * time.Second} {
				k.piv().now = func() time.Time { return start.Add(after) }
				play(t, k, "> "+agreeIn9d+"\n< "+agreed)
				if touches != want[i] {
					t.Errorf("%d touches after %v, want %d", touches, after, want[i])
				}
			}
		})
	}
}

func TestPIVNotTouched(t *testing.T) {
	for _, policy := range []string{"02", "03"} {
		k := withKey(t, "02", policy, Options{Touch: touchNever, TouchTimeout: time.Millisecond})
		play(t, k, "> "+verifyPIN+"\n> "+agreeIn9d+"\n< 6982")
		k.touch = touchNow
		play(t, k, "> "+agreeIn9d+"\n< "+agreed) // and the PIN is still good
		k.touch = touchNever
		want := map[string]string{"02": "6982", "03": agreed}[policy]
		play(t, k, "> "+agreeIn9d+"\n< "+want)
	}
}

// Nobody is asked for a touch that could not help.
func TestPIVTouchInVain(t *testing.T) {
	k := withKey(t, "02", "02", Options{Touch: func(context.Context) bool { t.Error("asked for a touch"); return true }})
	play(t, k, "> "+agreeIn9d+"\n< 6982\n> "+verifyPIN+"\n> 0087119d477c4582008541"+peerPoint[:128]+"00\n< 6a80\n> 0087129d477c4582008541"+peerPoint+"\n< 6a80")
}

func TestPIVAgreeRefused(t *testing.T) {
	k := withKey(t, "01", "01", Options{})
	compressed := "03" + peerPoint[2:66]
	for apdu, want := range map[string]string{
		"0087119d477c4582008541" + strings.Repeat("00", 65):    "6a80",
		"0087119d077c05820085 0100":                            "6a80",
		"0087119d277c2582008521" + compressed:                  "6a80",
		"0087119d677c6582008561" + peerPoint384:                "6a80",
		"0087149d677c6582008561" + peerPoint384:                "6a80",
		"0087119c477c4582008541" + peerPoint:                   "6a80",
		"008711f9477c4582008541" + peerPoint:                   "6a86",
		"0087119d457c438541" + peerPoint:                       "6a80",
		"0087119d487c468201008541" + peerPoint:                 "6a80",
		"0087119d4b7c49820085418" + peerPoint[1:] + "81020000": "6a80",
		"0087119d047c028000":                                   "6a80",
		"0087119d00":                                           "6a80",
		"0087119d49 7c45 8200 8541" + peerPoint + "0000":       "6a80",
		"0087119d097c07820100810211 11":                        "6a80",
		"0087119d067c04820081 00":                              "6a80",
		"0087119d277c2582008121" + strings.Repeat("11", 33):    "6a80",
		"0087119d477c45 8541" + peerPoint + "8200":             strings.ReplaceAll(agreed, " ", ""), // any order
	} {
		if got := send(t, k, apdu); got != want {
			t.Errorf("%s: %s, want %s", apdu, got, want)
		}
	}
}

// A signature is of the digest as it is, which may be shorter than the key.
func TestPIVSign(t *testing.T) {
	k := withKey(t, "01", "01", Options{})
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex(t, cardPoint))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{32, 20, 1} {
		digest := strings.Repeat("a5", n)
		command := iso7816.Command{INS: 0x87, P1: 0x11, P2: 0x9d, Data: unhex(t, "7c"+lengthOf(n+4)+"820081"+lengthOf(n)+digest)}
		apdu, err := command.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := k.Transmit(apdu)
		if err != nil {
			t.Fatal(err)
		}
		data, sw, _ := iso7816.SplitResponse(answer)
		s := iso7816.String(data)
		var template, signature []byte
		if sw != 0x9000 || !s.ReadTag(0x7c, &template) || !s.Empty() {
			t.Fatalf("%d bytes: %x", n, answer)
		}
		inner := iso7816.String(template)
		if !inner.ReadTag(0x82, &signature) || !inner.Empty() || !ecdsa.VerifyASN1(public, unhex(t, digest), signature) {
			t.Errorf("%d bytes: %x", n, template)
		}
	}
}
