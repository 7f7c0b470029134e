//go:build cgo && linux

package pivkey_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/pivkey"
	"ykmfa/internal/virtualkey"
	"ykmfa/pcsc"
)

// daemon is the pcscd of all tests here, started by the first that needs it: the PC/SC library finds its service once in
// a process's life.
var daemon *pcscdtest.PCSCD

// stopDaemon ends it.
var stopDaemon = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopDaemon()
	os.Exit(code)
}

// insert puts a new key into the reader.
func insert(t *testing.T, firmware string) {
	t.Helper()
	if pcscdtest.Missing() != "" {
		pcscdtest.Skip(t)
	}
	if daemon == nil {
		var err error
		if daemon, stopDaemon, err = pcscdtest.Run(); err != nil {
			t.Fatal(err)
		}
		os.Setenv("PCSCLITE_CSOCK_NAME", daemon.Socket)
	}
	daemon.Put(t, virtual(t, virtualkey.Options{Firmware: firmware, Serial: 12345678}), 0)
}

// withOurs runs a test on the card in the reader, over our own PC/SC.
func withOurs(t *testing.T, test func(card pivkey.Card)) {
	t.Helper()
	c, err := pcsc.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	card, err := c.Open(t.Context(), daemon.Reader(0))
	if err != nil {
		t.Fatal(err)
	}
	defer card.CloseReset()
	test(card)
}

// withPivGo is the same with piv-go, which wants the card for itself, and does not wait until pcscd is through with another
// client that has closed it.
func withPivGo(t *testing.T, test func(yk *piv.YubiKey)) {
	t.Helper()
	yk, err := piv.Open(daemon.Reader(0))
	for deadline := time.Now().Add(10 * time.Second); err != nil && strings.Contains(err.Error(), "connections outstanding") && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond) // between two looks
		yk, err = piv.Open(daemon.Reader(0))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer yk.Close()
	test(yk)
}

// ykman runs Yubico's program on the card in the reader.
func ykman(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ykman"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ykman is not installed")
		}
		t.Skip("ykman is not installed: make deps")
	}
	c := exec.Command("ykman", append([]string{"-r", "CCID 00 00", "piv"}, args...)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("ykman piv %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

const factoryHex = "010203040506070801020304050607080102030405060708"

func retired(t *testing.T, slot pivkey.Slot) piv.Slot {
	t.Helper()
	s, ok := piv.RetiredKeyManagementSlot(uint32(slot))
	if !ok {
		t.Fatalf("piv-go has no slot %v", slot)
	}
	return s
}

func ecdhOf(t *testing.T, public any) *ecdh.PublicKey {
	t.Helper()
	key, ok := public.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("public key %T", public)
	}
	p, err := key.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sameSecret checks that piv-go and we have the same secret of the key in a slot and a third one.
func sameSecret(t *testing.T, slot pivkey.Slot, public *ecdh.PublicKey) {
	t.Helper()
	third, err := ecdh.P256().GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := third.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	withOurs(t, func(card pivkey.Card) {
		s := pivSession(t, card)
		verify(t, s)
		if got, err := s.ECDH(slot, third.PublicKey()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("our secret %x, %v; want %x", got, err, want)
		}
	})
	withPivGo(t, func(yk *piv.YubiKey) {
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		key, err := yk.PrivateKey(retired(t, slot), p, piv.KeyAuth{PIN: "123456"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := key.(*piv.ECDSAPrivateKey).ECDH(third.PublicKey()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("piv-go's secret %x, %v; want %x", got, err, want)
		}
	})
}

// TestPivGoSees: what we put on a key, piv-go finds and uses, and ykman shows.
func TestPivGoSees(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		insert(t, firmware)
		var public *ecdh.PublicKey
		withOurs(t, func(card pivkey.Card) {
			if serial, err := pivSession(t, card).Serial(); serial != 12345678 || err != nil {
				t.Errorf("serial %d, %v", serial, err)
			}
			public = generate(t, card, 0x85, pivkey.PINOnce, pivkey.TouchAlways)
		})
		withPivGo(t, func(yk *piv.YubiKey) {
			cert, err := yk.Certificate(retired(t, 0x85))
			if err != nil || !ecdhOf(t, cert.PublicKey).Equal(public) || cert.Subject.CommonName != "ykmfa vault" {
				t.Errorf("certificate %+v, %v", cert, err)
			}
			if firmware < "5.3" {
				return
			}
			key, err := yk.KeyInfo(retired(t, 0x85))
			if err != nil || !ecdhOf(t, key.PublicKey).Equal(public) || key.Algorithm != piv.AlgorithmEC256 ||
				key.PINPolicy != piv.PINPolicyOnce || key.TouchPolicy != piv.TouchPolicyAlways || key.Origin != piv.OriginGenerated {
				t.Errorf("%+v, %v", key, err)
			}
		})
		sameSecret(t, 0x85, public)
		info := ykman(t, "info")
		for _, want := range []string{"Slot 85:", "ykmfa vault", "ECCP256"} {
			if !strings.Contains(info, want) {
				t.Errorf("ykman does not show %q:\n%s", want, info)
			}
		}
	})
}

// TestSeesPivGo: what piv-go puts on a key, made there or brought along, with and without a certificate.
func TestSeesPivGo(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		insert(t, firmware)
		policy := piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever}
		factory := pivkey.DefaultManagementKey()
		mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p384 := policy
		p384.Algorithm = piv.AlgorithmEC384
		var generated *ecdh.PublicKey
		withPivGo(t, func(yk *piv.YubiKey) {
			public, err := yk.GenerateKey(factory, retired(t, 0x82), policy)
			if err != nil {
				t.Fatal(err)
			}
			generated = ecdhOf(t, public)
			cert, err := x509.ParseCertificate(certify(t, public))
			if err != nil {
				t.Fatal(err)
			}
			if err := yk.SetCertificate(factory, retired(t, 0x82), cert); err != nil {
				t.Fatal(err)
			}
			if err := yk.SetPrivateKeyInsecure(factory, retired(t, 0x83), mine, policy); err != nil {
				t.Fatal(err)
			}
			if _, err := yk.GenerateKey(factory, retired(t, 0x84), p384); err != nil {
				t.Fatal(err)
			}
		})
		withOurs(t, func(card pivkey.Card) {
			s := pivSession(t, card)
			if key, err := s.Key(0x82); err != nil || !key.Public.Equal(generated) || key.Generated != (firmware > "5.3") {
				t.Errorf("%+v, %v", key, err)
			}
			if slot, err := s.FreeRetired(); slot != 0x85 || err != nil {
				t.Errorf("free slot %v, %v", slot, err)
			}
			imported, err := s.Key(0x83)
			_, err384 := s.Key(0x84)
			if firmware < "5.3" {
				is(t, err, pivkey.ErrNoKey)
				is(t, err384, pivkey.ErrNoKey)
				return
			}
			if err != nil || !imported.Public.Equal(ecdhOf(t, &mine.PublicKey)) || imported.Generated || imported.PIN != pivkey.PINOnce {
				t.Errorf("%+v, %v", imported, err)
			}
			is(t, err384, pivkey.ErrNotP256)
		})
		sameSecret(t, 0x82, generated)
		sameSecret(t, 0x83, ecdhOf(t, &mine.PublicKey))
	})
}

// TestSeesYkman: a key and its certificate by ykman.
func TestSeesYkman(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		insert(t, firmware)
		pem := filepath.Join(t.TempDir(), "public.pem")
		ykman(t, "keys", "generate", "-m", factoryHex, "-a", "ECCP256", "--pin-policy", "ONCE", "9d", pem)
		ykman(t, "certificates", "generate", "-m", factoryHex, "-P", "123456", "-s", "CN=other", "9d", pem)
		withOurs(t, func(card pivkey.Card) {
			s := pivSession(t, card)
			key, err := s.Key(pivkey.KeyManagement)
			if err != nil {
				t.Fatal(err)
			}
			manage(t, s)
			_, err = s.Generate(pivkey.KeyManagement, pivkey.PINOnce, pivkey.TouchNever)
			is(t, err, pivkey.ErrOccupied)
			verify(t, s)
			agrees(t, s, pivkey.KeyManagement, key.Public)
		})
	})
}

// TestOtherManagementKeys: of every algorithm, set by other programs.
func TestOtherManagementKeys(t *testing.T) {
	for _, tt := range []struct{ firmware, algorithm, key string }{
		{"4.3.5", "TDES", strings.Repeat("f1", 24)},
		{"5.4.3", "TDES", strings.Repeat("f1", 24)},
		{"5.4.3", "AES128", strings.Repeat("a5", 16)},
		{"5.4.3", "AES192", strings.Repeat("a5", 24)},
		{"5.7.4", "AES256", strings.Repeat("a5", 32)},
		{"5.7.4", "TDES", strings.Repeat("f1", 24)},
	} {
		t.Run(tt.firmware+" "+tt.algorithm, func(t *testing.T) {
			insert(t, tt.firmware)
			args := []string{"access", "change-management-key", "-m", factoryHex, "-n", tt.key}
			if tt.firmware > "5.4" {
				args = append(args, "-a", tt.algorithm)
			}
			ykman(t, args...)
			withOurs(t, func(card pivkey.Card) {
				s := pivSession(t, card)
				want := pivkey.ManagementKeyOther
				if tt.firmware < "5.3" {
					want = pivkey.ManagementKeyUnknown
				}
				if m, err := s.ManagementKey(); m.State != want || err != nil {
					t.Errorf("%+v, %v", m, err)
				}
				is(t, s.AuthenticateManagement(pivkey.DefaultManagementKey()), pivkey.ErrWrongManagementKey)
				if err := s.AuthenticateManagement(unhex(t, tt.key)); err != nil {
					t.Error(err)
				}
			})
		})
	}
	t.Run("piv-go", func(t *testing.T) {
		insert(t, "5.4.3")
		key := unhex(t, strings.Repeat("5a", 32))
		withPivGo(t, func(yk *piv.YubiKey) {
			if err := yk.SetManagementKey(pivkey.DefaultManagementKey(), key); err != nil {
				t.Fatal(err)
			}
		})
		withOurs(t, func(card pivkey.Card) {
			if err := pivSession(t, card).AuthenticateManagement(key); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestProtectedByYkman: a random management key that ykman stores under the PIN.
func TestProtectedByYkman(t *testing.T) {
	onEach(t, func(t *testing.T, firmware string) {
		insert(t, firmware)
		ykman(t, "access", "change-management-key", "-m", factoryHex, "-P", "123456", "--generate", "--protect")
		withOurs(t, func(card pivkey.Card) {
			s := pivSession(t, card)
			if m, err := s.ManagementKey(); m.State != pivkey.ManagementKeyProtected || err != nil {
				t.Fatalf("%+v, %v", m, err)
			}
			is(t, s.AuthenticateManagement(pivkey.DefaultManagementKey()), pivkey.ErrWrongManagementKey)
			_, err := s.ProtectedManagementKey()
			is(t, err, pivkey.ErrPINNeeded)
			verify(t, s)
			key, err := s.ProtectedManagementKey()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.AuthenticateManagement(key); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Generate(0x82, pivkey.PINOnce, pivkey.TouchAlways); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestProtectedByPivGo: piv-go stores it in the same place.
func TestProtectedByPivGo(t *testing.T) {
	insert(t, "5.7.4")
	key := unhex(t, strings.Repeat("0f1e2d", 8))
	withPivGo(t, func(yk *piv.YubiKey) {
		if err := yk.SetMetadata(pivkey.DefaultManagementKey(), &piv.Metadata{ManagementKey: &key}); err != nil {
			t.Fatal(err)
		}
	})
	withOurs(t, func(card pivkey.Card) {
		s := pivSession(t, card)
		verify(t, s)
		if got, err := s.ProtectedManagementKey(); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s, %v", hex.EncodeToString(got), err)
		}
	})
}
