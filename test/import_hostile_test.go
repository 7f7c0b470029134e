//go:build linux

package test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// marker is in each bad file, and must never be shown.
const marker = "hunter2hunter2"

// hostile are files that are no exports, and what is said of them.
func hostile(t *testing.T) map[string]struct {
	data []byte
	said string
} {
	t.Helper()
	type file = struct {
		data []byte
		said string
	}
	repeated := func(text string, n int) []byte { return bytes.Repeat([]byte(text), n) }
	text := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	noise := make([]byte, 4096)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	noise[0] = 0x01
	entities := `<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "` + marker + `">`
	for i := range 9 {
		entities += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	entities += `]><KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage><Key Id="1"><Issuer>&j;</Issuer></Key></KeyPackage></KeyContainer>`
	external := `<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc">` +
		`<KeyPackage><DeviceInfo><SerialNo>&a;</SerialNo></DeviceInfo></KeyPackage></KeyContainer>`
	const aegis = `{"version": 1, "header": {"slots": null, "params": null}, "db": {"version": 3, "entries": `
	return map[string]file{
		"empty":       {nil, "the file is empty"},
		"blank":       {[]byte("\ufeff \n\t\r\n"), "the file is empty"},
		"text":        {repeated("dear diary, "+marker+"\n", 1000), "not a file of a known format"},
		"zeros":       {make([]byte, 1<<20), "not a file of a known format"},
		"noise":       {noise, ""},
		"million":     {repeated("otpauth://totp/a?secret=GE\n", 1_000_000), "more than 100000 entries"},
		"million bad": {text([]byte("otpauth://totp/a?secret=GE\n"), repeated(marker+"\n", 1_000_000)), "more than 100000 entries"},
		"one line":    {text([]byte("otpauth://totp/a?secret="), repeated(marker, 1<<20)), "1 of 1 "},
		"same name": {repeated("otpauth://totp/"+strings.Repeat("x", 70)+"?secret="+s20+"\n", 50_000),
			"has 70 bytes, and the key keeps 64"},
		"deep JSON":    {text([]byte(aegis), repeated(`[`, 100_000), []byte(`"`+marker+`"`)), ""},
		"deep objects": {text(repeated(`{"db":`, 1_000_000), []byte(`"`+marker+`"`)), ""},
		"cut JSON":     {[]byte(aegis + `[{"type": "totp", "name": "` + marker), ""},
		"wrong JSON":   {[]byte(aegis + `[{"type": "totp", "name": "` + marker + `", "info": 5}]}}`), "entry 1"},
		"entities":     {[]byte(entities), ""},
		"external":     {[]byte(external), ""},
		"zip":          {bomb(t, "other", 100), "not a file of a known format"},
		"zip bomb":     {bomb(t, "export.data", 300<<20), "larger than any export"},
		"zip of JSON":  {bomb(t, "export.data", 60<<20), ""},
		"cut zip":      {bomb(t, "export.data", 1<<20)[:500], "cut short"},
		"PNG":          {[]byte("\x89PNG\r\n\x1a\n" + marker), "PNG file"},
		"huge PNG":     {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\x00\x00\x00\x00\x00\x00\x00"), ""},
		"KDBX":         {[]byte("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + marker), ""},
		"UTF-16":       {[]byte("\xff\xfeotpauth://totp/" + marker + "?secret=GE"), "UTF-16"},
		"migration":    {[]byte("otpauth-migration://offline?data=CjoKFDEy" + marker), "1 of 1 "},
	}
}

// bomb is a zip archive with one file of so many zeros.
func bomb(t *testing.T, name string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	zeros := make([]byte, 1<<20)
	for left := size; left > 0 && err == nil; left -= len(zeros) {
		_, err = f.Write(zeros[:min(left, len(zeros))])
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportHostile: what is no export is refused with a reason and without its content, in a time that is bounded.
func TestImportHostile(t *testing.T) {
	t.Parallel()
	for name, file := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importer(t)
			m.write("x.dat", file.data)
			r, used := m.measured("import", "x.dat", "--no-key")
			if r.code != 1 && r.code != 4 && r.code != 8 {
				t.Errorf("exit status %d", r.code)
			}
			r.expect(t, r.code, "ykmfa: error: ", file.said, "!"+marker, "!root:")
			if len(r.stderr) > 10_000 {
				t.Errorf("it says %d bytes", len(r.stderr))
			}
			if used > 5*time.Second {
				t.Errorf("it took %v of CPU", used)
			}
			m.checkBackups(nil)
		})
	}
}

// measured runs ykmfa and returns what CPU it took, too.
func (m *machine) measured(args ...string) (result, time.Duration) {
	m.t.Helper()
	var stdout, stderr bytes.Buffer
	c := m.command("", filepath.Join(bin, "ykmfa"), args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	_ = c.Run()
	state := c.ProcessState
	return result{stdout.String(), stderr.String(), state.ExitCode()}, state.UserTime() + state.SystemTime()
}

// TestImportSparse: a file of 1 GiB is refused by its size, not read.
func TestImportSparse(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.write("x.dat", nil)
	if err := os.Truncate(filepath.Join(m.home, "x.dat"), 1<<30); err != nil {
		t.Fatal(err)
	}
	r, used := m.measured("import", "x.dat", "--no-key")
	r.expect(t, 1, "x.dat: the file is larger than any export")
	if used > 300*time.Millisecond {
		t.Errorf("it took %v of CPU", used)
	}
	f, err := os.Open(filepath.Join(m.home, "x.dat"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := m.command("", filepath.Join(bin, "ykmfa"), "import", "-", "--no-key")
	var stderr bytes.Buffer
	c.Stdin, c.Stderr = f, &stderr
	_ = c.Run()
	result{stderr: stderr.String(), code: c.ProcessState.ExitCode()}.expect(t, 1, "-: the file is larger than any export")
}

// TestImportCutShort: each fixture of which a half is missing is refused, or its bad entries are; no content is shown.
func TestImportCutShort(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(transferData)
	if err != nil {
		t.Fatal(err)
	}
	m := importer(t)
	n := 0
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(transferData, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(f.Name()) == ".py" || filepath.Ext(f.Name()) == ".csv" || filepath.Ext(f.Name()) == ".txt" || f.Name() == "migration.proto" {
			continue // lines that are whole are whole
		}
		n++
		m.write("x.dat", data[:len(data)/2])
		r := m.ykmfa("import", "x.dat", "--no-key")
		if r.code != 1 && r.code != 4 {
			t.Errorf("%s: exit status %d", f.Name(), r.code)
		}
		r.expect(t, r.code, "ykmfa: error: x.dat: ", "!alice", "!MZXW6")
	}
	if n < 20 {
		t.Errorf("%d files", n)
	}
	m.checkBackups(nil)
}

// TestImportDirectory: of a directory, everything that cannot be read is named at once, and nothing is imported unless that is
// passed over. What is hidden, no file or a pipe is no matter.
func TestImportDirectory(t *testing.T) {
	t.Parallel()
	m := importer(t)
	m.give("aegis-plain.json", "exports/a.dat")
	m.write("exports/b.dat", []byte(daveURI+"\n"+marker+"\n"))
	m.write("exports/diary.txt", []byte(marker))
	m.write("exports/.hidden", []byte(marker))
	m.write("exports/below/c.dat", []byte(marker))
	m.write("elsewhere.txt", []byte("otpauth://totp/link?secret="+s20))
	for link, target := range map[string]string{"gone": "nowhere", "loop": "loop", "link": "../elsewhere.txt"} {
		if err := os.Symlink(target, filepath.Join(m.home, "exports", link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(m.home, "exports", "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	denied := []string{"!denied"}
	if os.Getuid() != 0 {
		m.write("exports/denied", nil)
		if err := os.Chmod(filepath.Join(m.home, "exports", "denied"), 0); err != nil {
			t.Fatal(err)
		}
		denied = []string{"denied  BAD: permission denied"}
	}
	said := append(denied, "a.dat, entry 8  ", "a.dat, entry 5  left out: it asks for mOTP", "b.dat, line 2  BAD: it is no otpauth URI",
		"diary.txt  BAD: not a file of a known format", "gone  BAD: no such file or directory", "loop  BAD: too many levels of symbolic links",
		"!"+marker, "!hidden", "!below", "!pipe")
	m.ykmfa("import", "exports", "--no-key").expect(t, 1, append(said, "cannot be read: nothing was imported")...)
	m.checkBackups(nil)
	m.ykmfa("import", "exports", "--no-key", "--skip-bad").expect(t, 0, append(said, "5 accounts in the backup")...)
	m.checkBackups([]string{alice, bob, carol, dave, "link totp SHA1 6 30s " + twenty})
	m.ykmfa("import", "exports/diary.txt", "nowhere", "exports/b.dat", "--no-key").expect(t, 1, "diary.txt  BAD: not a file of a known format",
		"nowhere  BAD: no such file or directory", "b.dat, line 2  BAD", "3 of 4 entries cannot be read")
	m.ykmfa("import", "exports/below", "exports/b.dat", "--no-key", "--skip-bad").expect(t, 0, "c.dat  BAD", "b.dat, line 2  BAD", "!"+marker)
	if err := os.Mkdir(filepath.Join(m.home, "nothing"), fs.FileMode(0o700)); err != nil {
		t.Fatal(err)
	}
	m.ykmfa("import", "nothing", "--no-key").expect(t, 1, "no account was found")
}

// TestImportMany: 1,000 accounts take less than two seconds of CPU, and are all there. Fifty thousand of one name are told apart in no time.
func TestImportMany(t *testing.T) {
	t.Parallel()
	m := importer(t)
	text, _ := uris(1000)
	m.write("x.dat", text)
	r, used := m.measured("import", "x.dat", "--no-key")
	r.expect(t, 0, "1000 accounts in the backup, and proven")
	t.Logf("1,000 accounts took %v of CPU", used)
	if used > 4*time.Second { // twice what make bench asks for, as other tests run beside this one
		t.Errorf("it took %v of CPU", used)
	}
	for i := range 1000 {
		if _, err := os.Stat(filepath.Join(m.home, "passage", "store", fmt.Sprintf("service-%d.age", i))); err != nil {
			t.Fatal(err)
		}
	}
	m.ykmfa("vault", "check").expect(t, 0, "1000 entries: all open")

	var twins []byte
	for i := range 50_000 {
		twins = fmt.Appendf(twins, "otpauth://totp/one?secret=%s\n", strings.NewReplacer("0", "A", "1", "B", "8", "C", "9", "D").Replace(fmt.Sprintf("%08d", i)))
	}
	m.write("y.dat", twins)
	r, used = m.measured("import", "y.dat", "--no-key", "--dry-run")
	if r.code != 0 || used > 5*time.Second {
		t.Errorf("exit status %d after %v of CPU", r.code, used)
	}
}
