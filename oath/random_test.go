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

// draw is one random credential, and a moment: time for TOTP, the counter for HOTP.
func draw(r *rand.Rand) (c oath.NewCredential, period, at int64) {
	c = oath.NewCredential{
		Type: oath.TOTP, Algorithm: oath.Algorithm(1 + r.IntN(3)), Digits: 6 + r.IntN(3), Secret: make([]byte, 1+r.IntN(200)),
	}
	for i := range c.Secret {
		c.Secret[i] = byte(r.Uint32())
	}
	name := oath.Name{Issuer: "Random", Account: fmt.Sprintf("%x", r.Uint64()), Period: oath.DefaultPeriod}
	period, at = 1, r.Int64N(1<<34)
	switch r.IntN(4) {
	case 0: // the moving factor of HOTP is the counter
		c.Type, c.Counter = oath.HOTP, r.Uint32()
		at = int64(c.Counter)
	case 1:
		period = 1 + r.Int64N(86400)
		name.Period = time.Duration(period) * time.Second
	default:
		period = 30
	}
	c.ID, _ = name.ID(c.Type)
	return c, period, at
}

// TestRandomCodes stores and computes 12,000 random credentials. A secret goes through hashing and padding on its way to
// the card, which the independent computation knows nothing of.
func TestRandomCodes(t *testing.T) {
	const seed = 20260101
	t.Logf("seed %d", seed)
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
	for i := range 12000 {
		c, period, at := draw(r)
		want := independent(hashes[c.Algorithm], c.Secret, at, period, c.Digits)
		if err := s.Put(c); err != nil {
			t.Fatal(err)
		}
		got, err := s.Code(c.ID, c.Type, time.Unix(at, 0))
		if err != nil || got != want {
			t.Fatalf("seed %d, case %d: %v, %v, %d bytes of secret, %d digits, %d s, at %d: %s, %v; want %s",
				seed, i, c.Type, c.Algorithm, len(c.Secret), c.Digits, period, at, got, err, want)
		}
		if err := s.Delete(c.ID); err != nil {
			t.Fatal(err)
		}
	}
}
