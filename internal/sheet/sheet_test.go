package sheet

import (
	"crypto/rand"
	"os"
	"testing"
	"time"

	"rsc.io/qr"
	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

type matrix struct{ *qr.Code }

func (m matrix) Width() int          { return m.Size }
func (m matrix) Black(x, y int) bool { return m.Code.Black(x, y) }

func encodeQR(text []byte) (Matrix, error) {
	c, err := qr.Encode(string(text), qr.M)
	if err != nil {
		return nil, err
	}
	return matrix{c}, nil
}

func TestDemo(t *testing.T) {
	id := []byte("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX")
	s := &Sheet{Identity: id, Vault: "/home/alice/.local/share/ykmfa/vault", Recipients: []string{"YubiKey 12345678", "YubiKey 23456789", "YubiKey 34567890"},
		Made: time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC), Program: "ykmfa v1.0.0", QR: encodeQR}
	for i, n := range []string{"aws", "github", "日本語の名前", "Zoë's žluťoučký kůň", "emoji 👨‍👩‍👧 ok", "x", "long " + string(make([]byte, 0))} {
		sec := make([]byte, []int{20, 32, 64, 128}[i%4])
		rand.Read(sec)
		s.Accounts = append(s.Accounts, Account{Name: n, Params: otpauth.Params{Type: oath.TOTP, Secret: sec, Issuer: "Issuer " + n, Account: "alice@example.org"}, Backup: "lpass:MFA/" + n})
	}
	for p, n := range map[Paper]string{A4: "a4", Letter: "letter"} {
		b, err := s.PDF(p)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile("/tmp/sheetmeasure/"+n+".pdf", b, 0600)
	}
	b, err := s.HTML()
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/tmp/sheetmeasure/s.html", b, 0600)
}
