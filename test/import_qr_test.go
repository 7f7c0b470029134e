//go:build linux

package test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ykmfa/internal/displaytest"
	"ykmfa/internal/virtualkey"
)

const (
	aliceURI = "otpauth://totp/ACME:alice@example.com?secret=" + s20 + "&issuer=ACME"
	daveURI  = "otpauth://totp/Steam:dave?secret=" + s20 + "&issuer=Steam"
)

// picture draws texts as QR codes with qrencode, one beside the other with convert. The format is what the name begins with,
// as convert has it ("jpeg:x.dat"), or its ending.
func (m *machine) picture(name string, texts ...string) {
	m.t.Helper()
	need(m.t, "qrencode", "qrencode")
	need(m.t, "convert", "imagemagick")
	var parts []string
	for i, text := range texts {
		part := filepath.Join(m.t.TempDir(), fmt.Sprintf("%d.png", i))
		if r := m.run(text, "qrencode", "-s", "4", "-o", part); r.code != 0 {
			m.t.Fatal(r.stderr)
		}
		parts = append(parts, part)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(m.home, name)), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if r := m.run("", "convert", append(parts, "+append", name)...); r.code != 0 {
		m.t.Fatal(r.stderr)
	}
}

// field is a field of a protocol buffer (protobuf.dev, "Encoding"): a number, or bytes.
func field(number int, value any) []byte {
	switch v := value.(type) {
	case int:
		return binary.AppendUvarint([]byte{byte(number << 3)}, uint64(v))
	case string:
		return append(binary.AppendUvarint([]byte{byte(number<<3 | 2)}, uint64(len(v))), v...)
	}
	panic("no such type")
}

// googlePart is one of the QR codes that Google Authenticator shows: accounts of one issuer, as part index of size.
func googlePart(id, size, index int, names ...string) string {
	var payload []byte
	for _, name := range names {
		one := bytes.Join([][]byte{field(1, twenty), field(2, "Google:"+name), field(3, "Google"), field(4, 1), field(5, 1), field(6, 2)}, nil)
		payload = append(payload, field(1, string(one))...)
	}
	payload = bytes.Join([][]byte{payload, field(2, 1), field(3, size), field(4, index), field(5, id)}, nil)
	return "otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString(payload))
}

func google(name string) string { return "Google:" + name + " totp SHA1 6 30s " + twenty }

// TestImportPictures: a picture is known by its content, may have several codes, and may come by standard input.
func TestImportPictures(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "jpeg", "gif", "webp"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			m := importer(t)
			m.picture(format+":x.dat", aliceURI, daveURI)
			m.ykmfa("import", "x.dat", "--no-key").expect(t, 0, "2 accounts in the backup, and proven")
			m.checkBackups([]string{alice, dave})
			data, err := os.ReadFile(filepath.Join(m.home, "x.dat"))
			if err != nil {
				t.Fatal(err)
			}
			for _, source := range []string{"-", "qr:-"} {
				m = importer(t)
				m.run(string(data), filepath.Join(bin, "ykmfa"), "import", source, "--no-key").expect(t, 0, "2 accounts in the backup, and proven")
				m.checkBackups([]string{alice, dave})
			}
		})
	}
}

// TestImportGoogle: the parts of one migration are put together from several pictures, in any order, from one picture, and
// from a directory. One that is missing is named; what is there is imported, and the whole later completes it.
func TestImportGoogle(t *testing.T) {
	t.Parallel()
	parts := []string{googlePart(77, 3, 0, "a", "b"), googlePart(77, 3, 1, "c"), googlePart(77, 3, 2, "d", "e")}
	want := []string{google("a"), google("b"), google("c"), google("d"), google("e")}
	draw := func(t *testing.T) *machine {
		m := importer(t)
		for i, p := range parts {
			m.picture(fmt.Sprintf("shots/%d.png", i), p)
		}
		m.picture("all.png", parts[2], parts[0], parts[1])
		return m
	}
	for name, sources := range map[string][]string{
		"in order": {"shots/0.png", "shots/1.png", "shots/2.png"}, "in another": {"shots/2.png", "qr:shots/0.png", "file:shots/1.png"},
		"one picture": {"all.png"}, "directory": {"shots"}, "twice": {"shots", "all.png"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := draw(t)
			m.ykmfa(append([]string{"import", "--no-key"}, sources...)...).expect(t, 0, "5 accounts in the backup, and proven", "!missing")
			m.checkBackups(want)
		})
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		m := draw(t)
		m.ykmfa("import", "--no-key", "shots/2.png", "shots/0.png").expect(t, 1, "part 2 of 3 is missing", "give all of them", "4 accounts in the backup")
		m.checkBackups(append(want[:2:2], want[3:]...))
		m.ykmfa("import", "--no-key", "shots").expect(t, 0)
		m.checkBackups(want)
	})
	t.Run("other export", func(t *testing.T) { // a part with the same number of another export is none of this one
		t.Parallel()
		m := draw(t)
		m.picture("other.png", googlePart(78, 3, 1, "z"))
		m.ykmfa("import", "--no-key", "shots/0.png", "shots/2.png", "other.png").expect(t, 1, "part 2 of 3 is missing")
	})
}

// TestImportNoAccount: a code that is something else is told by its picture, never by its content.
func TestImportNoAccount(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.picture("one.png", "WIFI:T:WPA;S:home;P:hunter2;;")
	m.picture("two.png", aliceURI, "#otpauth hunter2")
	m.picture("google.png", googlePart(5, 1, 0, "a", "b"), "otpauth-migration://offline?data=CjoKFDEy")
	m.picture("json.png", `{"secret": "hunter2"}`)
	before := m.snapshot()
	m.ykmfa("import", "--no-key", "one.png").expect(t, 1, "one.png", "the QR code is no otpauth URI", "!hunter2", "!WIFI")
	m.ykmfa("import", "--no-key", "json.png").expect(t, 1, "json.png", "the QR code is no otpauth URI", "!hunter2")
	m.ykmfa("import", "--no-key", "one.png", "two.png").expect(t, 1, "one.png", "two.png, code ", "2 of 3 entries cannot be read", "!hunter2", "!WIFI")
	m.ykmfa("import", "--no-key", "google.png").expect(t, 1, "  google.png, code ", "BAD: it is a damaged export", "1 of 3 entries cannot be read", "!line", "!CjoK")
	m.ykmfa("import", "--no-key", "google.png", "--dry-run").expect(t, 1, ", account 1\tgoogle\tGoogle:a\tnew\n", ", account 2\tgoogle-b\tGoogle:b\tnew\n")
	m.run("", "convert", "-size", "300x300", "xc:white", "png:x.dat")
	m.ykmfa("import", "--no-key", "x.dat").expect(t, 1, "x.dat: no QR code in the picture")
	if err := os.Remove(filepath.Join(m.home, "x.dat")); err != nil {
		t.Fatal(err)
	}
	m.unchanged(before)
	m.ykmfa("import", "--no-key", "--skip-bad", "one.png", "two.png").expect(t, 0, "1 account in the backup", "!hunter2")
	m.checkBackups([]string{alice})
}

// TestAddFromPicture: qr: is a reference whose secret needs a place: the vault, unless another is named.
func TestAddFromPicture(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.picture("one.png", aliceURI)
	m.picture("two.png", aliceURI, daveURI)
	m.vkey(nil, "add", "acme", "--secret-from", "qr:one.png").expect(t, 0, "acme: on YubiKey 12345678, proven equal to vault:acme")
	m.checkBackups([]string{alice})
	if r := m.vkey(nil, "code", "acme", "--at", "59"); r.stdout != "287082\n" {
		t.Errorf("code %s%s", r.stdout, r.stderr)
	}
	m.vkey(nil, "add", "both", "--secret-from", "qr:two.png").expect(t, 8, "/two.png: the picture has several QR codes", "ykmfa import")
	m.vkey(nil, "add", "none", "--secret-from", "qr:none.png").expect(t, 8, "/none.png: no such file")
	m.vkey(nil, "add", "text", "--secret-from", "qr:key.json").expect(t, 8, "not a picture")
	m.vkey(nil, "add", "other", "--secret-from", "qr:one.png", "--account", "other", "--backup-to", "file:other.txt").expect(t, 0, "proven equal to file:")
	data, err := os.ReadFile(filepath.Join(m.home, "one.png"))
	if err != nil {
		t.Fatal(err)
	}
	m.run(string(data), filepath.Join(bin, "vkey"), m.onVKey(nil, []string{"add", "third", "--secret-from", "qr:-", "--account", "third"})...).
		expect(t, 0, "proven equal to vault:third")
	m.env = append(m.env, "YKMFA_VAULT="+m.home+"/none")
	m.vkey(nil, "add", "fourth", "--secret-from", "qr:one.png", "--account", "fourth").expect(t, 2, "keeps no backup", "--backup-to")
}

// TestImportClipboard: with a real X server: a picture, a text, and nothing.
func TestImportClipboard(t *testing.T) {
	t.Parallel()
	need(t, "Xvfb", "xvfb")
	need(t, "xclip", "xclip")
	m := importer(t)
	m.ykmfa("import", "clipboard", "--no-key").expect(t, 1, "clipboard: no desktop session")
	m.env = append(m.env, "DISPLAY="+displaytest.Start(t))
	m.ykmfa("import", "clipboard", "--no-key").expect(t, 1, "there is none in the clipboard")
	m.vkey(nil, "add", "x", "--secret-from", "qr:clipboard").expect(t, 8, "the clipboard has no picture")

	m.picture("one.png", aliceURI)
	data, err := os.ReadFile(filepath.Join(m.home, "one.png"))
	if err != nil {
		t.Fatal(err)
	}
	m.copied("image/png", string(data))
	m.ykmfa("import", "clipboard", "--no-key").expect(t, 0, "1 account in the backup")
	m.checkBackups([]string{alice})
	m.vkey(nil, "add", "second", "--secret-from", "qr:clipboard", "--account", "second").expect(t, 0, "proven equal to vault:second")
	m.copied("UTF8_STRING", aliceURI+"\n"+daveURI+"\n")
	m.ykmfa("import", "clipboard", "--no-key").expect(t, 0)
	if got := m.backups()["steam"]; got != dave {
		t.Errorf("in the vault: %q", got)
	}
}

// copied puts something into the clipboard, and returns once xclip says that it waits for those who ask for it.
func (m *machine) copied(target, data string) {
	m.t.Helper()
	c := m.command(data, "xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in")
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for r := bufio.NewScanner(said); r.Scan(); {
		if strings.Contains(r.Text(), "Waiting for selection request") {
			return
		}
	}
	m.t.Fatal("xclip ended early")
}

// TestImportWayland: wl-paste is asked for exactly what its manual says: a picture, then a text.
func TestImportWayland(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.write("bin/wl-paste", []byte(`#!/bin/sh
case "$*" in
"--type image/png") echo 'Clipboard content is not available as requested type "image/png"' >&2; exit 1 ;;
"--no-newline --type text") printf '%s' '`+aliceURI+`' ;;
*) exit 99 ;;
esac
`))
	if err := os.Chmod(filepath.Join(m.home, "bin/wl-paste"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "WAYLAND_DISPLAY=wayland-0", "PATH="+m.home+"/bin:"+os.Getenv("PATH"))
	m.ykmfa("import", "clipboard", "--no-key").expect(t, 0, "1 account in the backup")
	m.checkBackups([]string{alice})
}

// TestImportOntoKey: what was in a picture is on the key, proven, and another program computes the same code.
func TestImportOntoKey(t *testing.T) {
	m := newMachine(t)
	m.clearVault()
	m.insert(virtualkey.Options{Serial: 12345678}, 0)
	m.picture("one.png", aliceURI)
	m.ykmfa("import", "one.png").expect(t, 0, "1 written, 1 proven")
	sameStep(t, 30, func(errorf reporter) {
		if got, want := m.ykman("accounts", "code", "-s", "ACME:alice@example.com"), m.oathtool(s20, "--totp"); got != want {
			errorf("ykman prints %s, oathtool %s", got, want)
		}
	})
}
