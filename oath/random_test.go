package oath_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
	"ykmfa/oath"
)

// independent computes a code from the texts of RFC 4226 and RFC 6238, with nothing of package oath.
func independent(newHash func() hash.Hash, secret []byte, at, period int64, digits int) string {
	steps := big.NewInt(at / period)
	mac := hmac.New(newHash, secret)
	mac.Write(steps.FillBytes(make([]byte, 8)))
	sum := mac.Sum(nil)
	offset := int(sum[len(sum)-1] % 16)
	number := new(big.Int).SetBytes(sum[offset : offset+4])
	number.SetBit(number, 31, 0)
	number.Mod(number, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	return fmt.Sprintf("%0*s", digits, number.String())
}

// TestRandomCodes stores and computes 12,000 random credentials.
func TestRandomCodes(t *testing.T) {
	const seed = 20260101
	r := rand.New(rand.NewPCG(seed, 0))
	hashes := map[oath.Algorithm]func() hash.Hash{oath.SHA1: sha1.New, oath.SHA256: sha256.New, oath.SHA512: sha512.New}
	key, err := virtualkey.Open(virtualkey.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := oath.Select(key)
	if err != nil {
		t.Fatal(err)
	}
	periods := []int64{30, 30, 60, 1, 15, 86400}
	for i := range 12000 {
		algorithm := oath.Algorithm(1 + r.IntN(3))
		secret := make([]byte, 1+r.IntN(200))
		for j := range secret {
			secret[j] = byte(r.Uint32())
		}
		digits, period, at := 6+r.IntN(3), periods[r.IntN(len(periods))], r.Int64N(1<<34)
		name := oath.Name{Issuer: "Random", Account: "code", Period: time.Duration(period) * time.Second}
		id, err := name.ID(oath.TOTP)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(oath.NewCredential{ID: id, Type: oath.TOTP, Algorithm: algorithm, Secret: secret, Digits: digits}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Code(id, oath.TOTP, time.Unix(at, 0))
		want := independent(hashes[algorithm], secret, at, period, digits)
		if err != nil || got != want {
			t.Fatalf("seed %d, case %d: %v, %d bytes of secret, %d digits, %d s, at %d: %s, %v; want %s",
				seed, i, algorithm, len(secret), digits, period, at, got, err, want)
		}
	}
}
