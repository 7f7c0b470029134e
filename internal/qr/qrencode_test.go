package qr

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// capacity is how many characters of a mode certainly fit.
func capacity(mode, version int, level Level) int {
	bits := 8*blocksOf(version, level).data() - 4 - lengthBits(mode, version)
	n := 0
	for dataBits(mode, n+1) <= bits && mode != modeKanji || mode == modeKanji && 13*(n+1) <= bits {
		n++
	}
	return n
}

// TestReadsQrencode: every version and level that qrencode makes, in every mode, with random texts up to the largest,
// at random sizes.
func TestReadsQrencode(t *testing.T) {
	need(t, "qrencode")
	random := rand.New(rand.NewPCG(18004, 1))
	for version := 1; version <= maxVersion; version++ {
		for level := L; level <= H; level++ {
			mode := []int{modeNumeric, modeAlphanumeric, modeByte, modeKanji}[(version+int(level))%4]
			n := 1 + random.IntN(capacity(mode, version, level))
			args := []string{"qrencode", "-o", "-", "-v", fmt.Sprint(version), "-l", level.String(),
				"-s", fmt.Sprint(1 + random.IntN(4)), "-m", fmt.Sprint(1 + random.IntN(4))}
			var text []byte
			switch mode {
			case modeNumeric:
				text = letters(random, "0123456789", n)
			case modeAlphanumeric:
				text = letters(random, alphanumeric, n)
			case modeByte:
				text, args = letters(random, allBytes(), n), append(args, "-8")
			case modeKanji:
				for range n {
					text = append(text, byte(0x88+random.IntN(8)), byte(0x9f+random.IntN(0x5e)))
				}
				args = append(args, "-k")
			}
			expect(t, fmt.Sprintf("version %d-%s, mode %d, %d characters", version, level, mode, n), run(t, text, args...), string(text))
		}
	}
}

// TestRefusesStructuredAppend: a part of a text is not the text.
func TestRefusesStructuredAppend(t *testing.T) {
	need(t, "qrencode")
	dir := t.TempDir()
	run(t, nil, "qrencode", "-S", "-v", "2", "-o", filepath.Join(dir, "part.png"), awsURI)
	parts, err := filepath.Glob(filepath.Join(dir, "part-*.png"))
	if err != nil || len(parts) < 2 {
		t.Fatal(parts, err)
	}
	for _, p := range parts {
		texts, err := DecodeFile(context.Background(), readFile(t, p))
		if texts != nil || err == nil || !strings.Contains(err.Error(), "structured append") {
			t.Errorf("%s: %q, %v", p, texts, err)
		}
	}
}

// TestHardPictures: what happens to a code on its way into a picture.
func TestHardPictures(t *testing.T) {
	need(t, "qrencode", "convert-im6.q16")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	run(t, nil, "qrencode", "-l", "L", "-s", "6", "-o", in("aws.png"), awsURI)
	run(t, nil, "qrencode", "-l", "L", "-s", "2", "-o", in("two.png"), awsURI)
	run(t, nil, "qrencode", "-l", "L", "-s", "4", "-m", "0", "-o", in("bare.png"), awsURI)
	run(t, nil, "qrencode", "-l", "L", "-s", "60", "-o", in("huge.png"), awsURI)
	run(t, nil, "qrencode", "-v", "1", "-l", "L", "-s", "8", "-o", in("small.png"), "HELLO")
	run(t, nil, "qrencode", "-v", "25", "-l", "M", "-s", "5", "-m", "0", "-o", in("large.png"), strings.Repeat("otpauth-migration://offline?data=", 20))
	near := "0,0 70,40 390,0 350,90 390,390 390,390 0,390 10,310" // as a camera sees it from the side
	far := "0,0 60,0 390,0 330,0 390,390 390,330 0,390 0,330"
	for _, args := range []string{
		"aws.png -background white -rotate 7", "aws.png -background white -rotate 30", "aws.png -background gray -rotate 45",
		"aws.png -rotate 90", "aws.png -background white -rotate 200", "two.png -background white -rotate 13", "two.png -background white -rotate 45",
		"aws.png -negate", "two.png -negate", "aws.png -flop", "two.png -flip -negate",
		"aws.png -blur 0x3", "two.png -blur 0x0.8", "aws.png -quality 5 JPEG", "two.png -quality 25 JPEG",
		"aws.png +level 48%,53%", "aws.png ( -size 342x342 gradient:white-gray15 ) -compose multiply -composite",
		"aws.png -transparent white", "aws.png -negate -transparent black", "two.png -type TrueColorMatte -transparent white -negate",
		"aws.png -filter triangle -resize 37%", "aws.png -filter point -resize 29%", "aws.png -filter point -resize 133%", "two.png -resize 300%",
		"bare.png", "bare.png -bordercolor black -border 1", "huge.png", "huge.png -negate -resize 50%",
		"aws.png +noise Gaussian", "aws.png -attenuate 0.6 +noise Impulse", "aws.png -resize 300% -attenuate 3 +noise Gaussian -rotate 5",
		"aws.png -virtual-pixel white -distort Perspective|" + near, "aws.png -virtual-pixel gray -distort Perspective|" + far,
		"small.png -background white -extent 390x390 -virtual-pixel white -distort Perspective|" + near,
		"large.png -virtual-pixel white -distort Perspective|0,0 120,60 584,0 575,140 584,584 584,584 0,584 20,460",
		"large.png -virtual-pixel white -distort Perspective|0,0 150,20 584,0 440,20 584,584 584,490 0,584 10,490",
		"aws.png +level 49%,51.5%", "aws.png -attenuate 2.5 +noise Impulse", "aws.png -blur 0x3.4",
		"huge.png ( -size 3420x3420 gradient:white-gray15 ) -compose multiply -composite",
		"aws.png -bordercolor white -border 300 -virtual-pixel gray -distort Barrel|0,0,-0.06 -blur 0x1 -quality 40 JPEG",
		"aws.png -depth 16 -colorspace sRGB -fill rgb(200,180,120) -opaque white", "aws.png -fill rgb(40,60,160) -opaque black -fill rgb(255,240,200) -opaque white",
	} {
		format := "png:"
		if plain, ok := strings.CutSuffix(args, " JPEG"); ok {
			args, format = plain, "jpeg:"
		}
		name, rest, _ := strings.Cut(args, " ")
		argv := []string{in(name)}
		for _, word := range strings.Split(rest, " -distort ") {
			if kind, points, ok := strings.Cut(word, "|"); ok {
				points, more, _ := strings.Cut(points, " -")
				argv = append(argv, "-distort", kind, points)
				if word = ""; more != "" {
					word = "-" + more
				}
			}
			argv = append(argv, strings.Fields(word)...)
		}
		want := awsURI
		if name == "large.png" {
			want = strings.Repeat("otpauth-migration://offline?data=", 20)
		}
		if name == "small.png" {
			want = "HELLO"
		}
		magick(t, append(argv, format+in("out"))...)
		expect(t, args, readFile(t, in("out")), want)
	}
}

// TestSeveralCodes: all codes of a picture, in the order of reading.
func TestSeveralCodes(t *testing.T) {
	need(t, "qrencode", "convert-im6.q16")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	var want []string
	for i, size := range []string{"3", "4", "2", "5", "3", "4"} {
		want = append(want, fmt.Sprintf("otpauth://totp/ACME:user%d?secret=GEZDGNBVGY3TQOJQ", i))
		run(t, nil, "qrencode", "-s", size, "-o", in(fmt.Sprint(i)), want[i])
	}
	magick(t, in("1"), "-negate", in("1"))
	magick(t, in("5"), "-background", "gray", "-rotate", "20", in("5"))
	magick(t, "-background", "gray", "-gravity", "center",
		"(", in("0"), in("1"), in("2"), "+append", ")", "(", in("3"), in("4"), in("5"), "+append", ")", "-append", "png:"+in("all"))
	expect(t, "six codes", readFile(t, in("all")), want...)

	same := make([]string, 30)
	run(t, nil, "qrencode", "-s", "3", "-o", in("one"), "HELLO")
	args := []string{"montage-im6.q16", "-geometry", "+0+0", "-tile", "6x5"}
	for i := range same {
		same[i] = "HELLO"
		args = append(args, in("one"))
	}
	run(t, nil, append(args, "png:"+in("sheet"))...)
	expect(t, "a sheet of 30", readFile(t, in("sheet")), same...)
}
