//go:build linux

package test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ykmfa/internal/virtualkey"
)

const defaultManagementKey = "010203040506070801020304050607080102030405060708"

// ykmanPIV runs "ykman piv" on the key in the first slot.
func (m *machine) ykmanPIV(args ...string) string {
	m.t.Helper()
	need(m.t, "ykman", "yubikey-manager")
	r := m.run("", "ykman", append([]string{"-r", "CCID 00 00", "piv"}, args...)...)
	if r.code != 0 {
		m.t.Fatalf("ykman piv %s: exit status %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// TestYkmanPIV: Yubico's own program makes keys, certificates and new secrets in the PIV applet of the virtual key.
func TestYkmanPIV(t *testing.T) {
	for firmware, tt := range map[string]struct {
		slot, tries, algorithm string
		newKey                 []string // flags
	}{
		"4.3.5": {"9d", "3", "TDES", []string{"-n", "112233445566778811223344556677881122334455667788"}},
		"5.4.3": {"82", "3/3", "TDES", []string{"-a", "AES256", "-n", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}},
		"5.7.4": {"9d", "3/3", "AES192", []string{"-a", "AES128", "-n", "000102030405060708090a0b0c0d0e0f", "-t"}},
	} {
		t.Run(firmware, func(t *testing.T) {
			m := newMachine(t)
			m.insert(virtualkey.Options{Serial: 12345678, Firmware: firmware}, 0)
			info := m.ykmanPIV("info")
			for _, want := range []string{"PIV version: " + firmware, "PIN tries remaining: " + tt.tries + "\n", "Management key algorithm: " + tt.algorithm} {
				if !strings.Contains(info, want) {
					t.Errorf("info has no %q:\n%s", want, info)
				}
			}
			m.ykmanGenerates(tt.slot)

			m.ykmanPIV("access", "change-pin", "-P", "123456", "-n", "654321")
			m.ykmanPIV(append([]string{"access", "change-management-key", "-f", "-P", "654321", "-m", defaultManagementKey, "--protect"}, tt.newKey...)...)
			info = m.ykmanPIV("info")
			if !strings.Contains(info, "Management key is stored on the YubiKey, protected by PIN.") || strings.Contains(info, "WARNING") {
				t.Errorf("info after new secrets:\n%s", info)
			}
			m.ykmanPIV("keys", "generate", "-P", "654321", "-a", "ECCP384", "9c", "-") // with the key from behind the PIN

			m.ykmanPIV("reset", "-f")
			info = m.ykmanPIV("info")
			if strings.Contains(info, "Slot ") || !strings.Contains(info, "PIN tries remaining: "+tt.tries+"\n") {
				t.Errorf("info after a reset:\n%s", info)
			}
		})
	}
}

// ykmanGenerates has ykman make a key, and a certificate that the key signs.
func (m *machine) ykmanGenerates(slot string) {
	m.t.Helper()
	file := filepath.Join(m.home, slot+".pem")
	m.ykmanPIV("keys", "generate", "-m", defaultManagementKey, "-a", "ECCP256", "--pin-policy", "ONCE", "--touch-policy", "ALWAYS", slot, file)
	m.ykmanPIV("certificates", "generate", "-m", defaultManagementKey, "-P", "123456", "-s", "CN="+slot, slot, file)
	public, err := x509.ParsePKIXPublicKey(pemBlock(m.t, file))
	if err != nil {
		m.t.Fatal(err)
	}
	exported := filepath.Join(m.home, slot+".crt")
	m.ykmanPIV("certificates", "export", slot, exported)
	certificate, err := x509.ParseCertificate(pemBlock(m.t, exported))
	if err != nil {
		m.t.Fatal(err)
	}
	if certificate.Subject.CommonName != slot || !public.(*ecdsa.PublicKey).Equal(certificate.PublicKey) {
		m.t.Errorf("slot %s: a certificate of %v", slot, certificate.Subject)
	}
	if err := certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature); err != nil {
		m.t.Errorf("slot %s: %v", slot, err)
	}
	if info := m.ykmanPIV("info"); !strings.Contains(info, "Slot "+slot) || !strings.Contains(info, "Subject DN:\tCN="+slot) {
		m.t.Errorf("info has no slot %s:\n%s", slot, info)
	}
}

func pemBlock(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("%s holds no PEM", file)
	}
	return block.Bytes
}
