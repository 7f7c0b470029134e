package qr

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// awsURI is the longest that is common: AWS has secrets of 64 letters.
const awsURI = "otpauth://totp/Amazon%20Web%20Services:alice@123456789012?secret=" +
	"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Amazon%20Web%20Services"

// need skips a test whose programs are not installed, but not under CI.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil && os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: run test/deps", p)
		} else if err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// run gives a program its input and returns what it prints.
func run(t testing.TB, stdin []byte, argv ...string) []byte {
	t.Helper()
	c := exec.Command(argv[0], argv[1:]...)
	c.Stdin = bytes.NewReader(stdin)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%.200q: %v\n%s", argv, err, complaint.String())
	}
	return out
}

// magick is ImageMagick by a name that nothing else has: convert may be another program.
func magick(t testing.TB, args ...string) {
	t.Helper()
	run(t, nil, append([]string{"convert-im6.q16"}, args...)...)
}

// zbar is what zbarimg reads in a picture, byte by byte.
func zbar(t testing.TB, name string) string {
	t.Helper()
	return string(run(t, nil, "zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", "-Sbinary", name))
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.TempDir(), name)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// expect decodes a file and compares what it holds.
func expect(t testing.TB, what string, data []byte, want ...string) {
	t.Helper()
	texts, err := DecodeFile(context.Background(), data)
	var got []string
	for _, text := range texts {
		got = append(got, string(text))
	}
	if err != nil || strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Errorf("%s: got %.300q, %v\nwant %.300q", what, got, err, want)
	}
}

func mustEncode(t testing.TB, text string) *Code {
	t.Helper()
	c, err := Encode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustPNG(t testing.TB, c *Code, scale int) []byte {
	t.Helper()
	data, err := c.PNG(scale)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustImage(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// letters makes random text out of an alphabet.
func letters(random *rand.Rand, alphabet string, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return text
}

// allBytes is the alphabet of everything.
func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}
