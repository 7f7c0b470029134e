//go:build cgo && linux

package virtualkey_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
)

// pivProcess is in the environment of the process that talks through the PC/SC library.
const pivProcess = "VIRTUALKEY_PIV_PROCESS"

// inProcess runs a test again in a process of its own, and reports whether this is that process: the PC/SC library looks
// for its service once in a process's life.
func inProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(pivProcess) != "" {
		return true
	}
	if pcscdtest.Missing() != "" {
		pcscdtest.Skip(t)
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), pivProcess+"=1")
	if out, err := c.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS: "+t.Name())) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// pivClient is piv-go on a virtual key through pcscd.
type pivClient struct {
	*piv.YubiKey
	t          *testing.T
	version    piv.Version
	management []byte
	touches    *atomic.Int32
}

// TestPIVGo: the library go-piv/piv-go, an independent client, finds on a virtual key what it expects of a YubiKey.
func TestPIVGo(t *testing.T) {
	if !inProcess(t) {
		return
	}
	p := pcscdtest.Start(t)
	t.Setenv("PCSCLITE_CSOCK_NAME", p.Socket)
	for _, v := range []piv.Version{{Major: 4, Minor: 3, Patch: 5}, {Major: 5, Minor: 4, Patch: 3}, {Major: 5, Minor: 7, Patch: 4}} {
		firmware := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
		t.Run(firmware, func(t *testing.T) {
			touches := new(atomic.Int32)
			k, err := virtualkey.Open(virtualkey.Options{Firmware: firmware, Serial: 76543210, Touch: func(context.Context) bool {
				touches.Add(1)
				return true
			}})
			if err != nil {
				t.Fatal(err)
			}
			remove := p.Put(t, k, 0)
			defer remove()
			yk, err := piv.Open(p.Reader(0))
			if err != nil {
				t.Fatal(err)
			}
			defer yk.Close()
			c := &pivClient{yk, t, v, piv.DefaultManagementKey, touches}
			c.identity()
			c.pin()
			c.managementKeys()
			c.keys()
			c.certificates()
			c.imported()
			c.protectedKey()
			c.factoryReset()
		})
	}
}

// must takes the error of the call around it.
func (c *pivClient) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *pivClient) newer(major, minor int) bool {
	return c.version.Major > major || c.version.Major == major && c.version.Minor >= minor
}

func (c *pivClient) identity() {
	if got := c.Version(); got != c.version {
		c.t.Errorf("version %v", got)
	}
	serial, err := c.Serial()
	if err != nil || serial != 76543210 {
		c.t.Errorf("serial %d, %v", serial, err)
	}
}

// refused wants the error of a wrong PIN or PUK.
func (c *pivClient) refused(what string, err error, retries int) {
	c.t.Helper()
	var auth piv.AuthErr
	if !errors.As(err, &auth) || auth.Retries != retries {
		c.t.Errorf("%s: %v, want %d retries", what, err, retries)
	}
}

func (c *pivClient) pin() {
	retries, err := c.Retries()
	if err != nil || retries != 3 {
		c.t.Errorf("%d retries, %v", retries, err)
	}
	c.refused("wrong PIN", c.VerifyPIN("000000"), 2)
	if retries, err := c.Retries(); err != nil || retries != 2 {
		c.t.Errorf("%d retries, %v", retries, err)
	}
	c.must(c.SetPIN(piv.DefaultPIN, "1234567"))
	for left := 2; left >= 0; left-- {
		c.refused("wrong PIN", c.VerifyPIN(piv.DefaultPIN), left)
	}
	c.refused("blocked PIN", c.VerifyPIN("1234567"), 0)
	c.must(c.SetPUK(piv.DefaultPUK, "87654321"))
	c.refused("wrong PUK", c.Unblock(piv.DefaultPUK, "111111"), 2)
	c.must(c.Unblock("87654321", "111111"))
	c.must(c.VerifyPIN("111111"))
	if _, err := c.Retries(); err == nil {
		c.t.Error("a verified PIN still has retries")
	}
	c.must(c.SetRetries(c.management, "111111", 5, 2))
	c.must(c.VerifyPIN(piv.DefaultPIN))
	c.refused("wrong PIN", c.VerifyPIN("000000"), 4)
	c.must(c.VerifyPIN(piv.DefaultPIN))
}

// managementKeys sets keys of every length that the firmware takes.
func (c *pivClient) managementKeys() {
	sizes := []int{24}
	if c.newer(5, 4) {
		sizes = []int{16, 32, 24}
	}
	for _, n := range sizes {
		next := make([]byte, n)
		rand.Read(next)
		c.must(c.SetManagementKey(c.management, next))
		if err := c.SetManagementKey(c.management, next); err == nil {
			c.t.Errorf("%d bytes: the old key is still good", n)
		}
		c.management = next
	}
	if err := c.SetManagementKey(piv.DefaultManagementKey, c.management); err == nil {
		c.t.Error("the default key is still good")
	}
}

// keys makes keys with every policy and uses them for what they are.
func (c *pivClient) keys() {
	retired, _ := piv.RetiredKeyManagementSlot(0x82)
	for _, tt := range []struct {
		slot    piv.Slot
		key     piv.Key
		pin     string
		touches int32 // for two secrets
	}{
		{retired, piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyNever, TouchPolicy: piv.TouchPolicyNever}, "", 0},
		{piv.SlotKeyManagement, piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyCached}, piv.DefaultPIN, 1},
		{retired, piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyAlways, TouchPolicy: piv.TouchPolicyAlways}, piv.DefaultPIN, 2},
		{piv.SlotKeyManagement, piv.Key{Algorithm: piv.AlgorithmEC384, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever}, piv.DefaultPIN, 0},
	} {
		public, err := c.GenerateKey(c.management, tt.slot, tt.key)
		c.must(err)
		c.info(tt.slot, tt.key, piv.OriginGenerated, public)
		c.touches.Store(0)
		for range 2 {
			c.agree(tt.slot, public, piv.KeyAuth{PIN: tt.pin, PINPolicy: tt.key.PINPolicy})
		}
		if got := c.touches.Load(); got != tt.touches {
			c.t.Errorf("slot %s, %+v: %d touches", tt.slot, tt.key, got)
		}
		c.sign(tt.slot, public, piv.KeyAuth{PIN: tt.pin, PINPolicy: tt.key.PINPolicy})
		c.wrongPIN(tt.slot, public, tt.key.PINPolicy)
	}
}

// wrongPIN: a key that always wants the PIN is not used with a wrong one.
func (c *pivClient) wrongPIN(slot piv.Slot, public crypto.PublicKey, policy piv.PINPolicy) {
	if policy != piv.PINPolicyAlways {
		return
	}
	private, err := c.PrivateKey(slot, public, piv.KeyAuth{PIN: "000000", PINPolicy: policy})
	c.must(err)
	_, err = private.(crypto.Signer).Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
	c.refused("signing with a wrong PIN", err, 4)
	c.must(c.VerifyPIN(piv.DefaultPIN))
}

// info compares what the key tells of a slot.
func (c *pivClient) info(slot piv.Slot, key piv.Key, origin piv.Origin, public crypto.PublicKey) {
	c.t.Helper()
	info, err := c.KeyInfo(slot)
	if !c.newer(5, 3) {
		if err == nil || !strings.Contains(err.Error(), "6d00") {
			c.t.Errorf("metadata: %v", err)
		}
		return
	}
	c.must(err)
	want := piv.KeyInfo{Algorithm: key.Algorithm, PINPolicy: key.PINPolicy, TouchPolicy: key.TouchPolicy, Origin: origin, PublicKey: info.PublicKey}
	if info != want || !public.(*ecdsa.PublicKey).Equal(info.PublicKey) {
		c.t.Errorf("slot %s: %+v, want %+v", slot, info, want)
	}
}

// agree agrees on a secret with a key of the standard library.
func (c *pivClient) agree(slot piv.Slot, public crypto.PublicKey, auth piv.KeyAuth) {
	c.t.Helper()
	ours, err := public.(*ecdsa.PublicKey).ECDH()
	c.must(err)
	peer, err := ours.Curve().GenerateKey(rand.Reader)
	c.must(err)
	want, err := peer.ECDH(ours)
	c.must(err)
	private, err := c.PrivateKey(slot, public, auth)
	c.must(err)
	got, err := private.(interface {
		ECDH(*ecdh.PublicKey) ([]byte, error)
	}).ECDH(peer.PublicKey())
	c.must(err)
	if !bytes.Equal(got, want) {
		c.t.Errorf("slot %s: secret %x, want %x", slot, got, want)
	}
}

func (c *pivClient) sign(slot piv.Slot, public crypto.PublicKey, auth piv.KeyAuth) {
	c.t.Helper()
	private, err := c.PrivateKey(slot, public, auth)
	c.must(err)
	digest := sha256.Sum256([]byte("message"))
	signature, err := private.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
	c.must(err)
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature) {
		c.t.Errorf("slot %s: wrong signature", slot)
	}
}

// certificates has the key sign its own certificate, which is too long for one APDU, stores it and reads it back.
func (c *pivClient) certificates() {
	slot := piv.SlotAuthentication
	if _, err := c.Certificate(slot); !errors.Is(err, piv.ErrNotFound) {
		c.t.Errorf("no certificate: %v", err)
	}
	public, err := c.GenerateKey(c.management, slot, piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever})
	c.must(err)
	private, err := c.PrivateKey(slot, public, piv.KeyAuth{PIN: piv.DefaultPIN, PINPolicy: piv.PINPolicyOnce})
	c.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(50, 0, 0),
		Subject: pkix.Name{Organization: []string{strings.Repeat("long ", 60)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	c.must(err)
	certificate, err := x509.ParseCertificate(der)
	c.must(err)
	c.must(c.SetCertificate(c.management, slot, certificate))
	again, err := c.Certificate(slot)
	c.must(err)
	if !again.Equal(certificate) {
		c.t.Error("another certificate came back")
	}
	if err := again.CheckSignature(again.SignatureAlgorithm, again.RawTBSCertificate, again.Signature); err != nil {
		c.t.Error(err)
	}
}

// imported puts a key of the standard library into a slot.
func (c *pivClient) imported() {
	for curve, algorithm := range map[elliptic.Curve]piv.Algorithm{elliptic.P256(): piv.AlgorithmEC256, elliptic.P384(): piv.AlgorithmEC384} {
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		c.must(err)
		key := piv.Key{Algorithm: algorithm, PINPolicy: piv.PINPolicyNever, TouchPolicy: piv.TouchPolicyNever}
		c.must(c.SetPrivateKeyInsecure(c.management, piv.SlotCardAuthentication, private, key))
		c.info(piv.SlotCardAuthentication, key, piv.OriginImported, private.Public())
		c.agree(piv.SlotCardAuthentication, private.Public(), piv.KeyAuth{PINPolicy: piv.PINPolicyNever})
	}
}

// protectedKey keeps the management key on the key, behind the PIN.
func (c *pivClient) protectedKey() {
	m, err := c.Metadata(piv.DefaultPIN)
	c.must(err)
	if m.ManagementKey != nil {
		c.t.Error("a management key is there already")
	}
	c.must(c.SetMetadata(c.management, &piv.Metadata{ManagementKey: &c.management}))
	m, err = c.Metadata(piv.DefaultPIN)
	c.must(err)
	if m.ManagementKey == nil || !bytes.Equal(*m.ManagementKey, c.management) {
		c.t.Error("another management key came back")
	}
	_, err = c.Metadata("000000")
	c.refused("metadata with a wrong PIN", err, 4)
}

// factoryReset blocks PIN and PUK, and starts again.
func (c *pivClient) factoryReset() {
	c.must(c.Reset())
	c.management = piv.DefaultManagementKey
	if retries, err := c.Retries(); err != nil || retries != 3 {
		c.t.Errorf("%d retries, %v", retries, err)
	}
	c.must(c.VerifyPIN(piv.DefaultPIN))
	if _, err := c.Certificate(piv.SlotAuthentication); !errors.Is(err, piv.ErrNotFound) {
		c.t.Errorf("certificate: %v", err)
	}
	if _, err := c.KeyInfo(piv.SlotAuthentication); c.newer(5, 3) && !errors.Is(err, piv.ErrNotFound) {
		c.t.Errorf("key: %v", err)
	}
	_, err := c.GenerateKey(c.management, piv.SlotKeyManagement, piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever})
	c.must(err)
}
