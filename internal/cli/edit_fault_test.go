package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
)

// s20 is the test secret of RFC 6238, in base32.
const s20 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// desk is a user's home and the virtual keys on it.
type desk struct {
	t   *testing.T
	dir string
}

// onCard is a credential as the key's file has it.
type onCard struct {
	ID       []byte `json:"id"`
	Digits   byte   `json:"digits"`
	Property byte   `json:"property"`
}

func (c onCard) String() string {
	return fmt.Sprintf("%s/%d/touch=%v", c.ID, c.Digits, c.Property == 2)
}

// reader holds one virtual key, and looks at it after each command.
type reader struct {
	key    *virtualkey.Key
	sent   int
	looked func()
}

func (r *reader) Readers(context.Context) ([]string, error) { return []string{"reader"}, nil }

func (r *reader) Open(context.Context, string) (cli.Card, error) {
	r.key.Reset()
	return r, nil
}

func (r *reader) Transmit(apdu []byte) ([]byte, error) {
	resp, err := r.key.Transmit(apdu)
	r.sent++
	r.looked()
	if errors.Is(err, virtualkey.ErrRemoved) {
		err = cli.ErrRemoved
	}
	return resp, err
}

func (r *reader) Close(bool) error { return nil }

// run runs ykmfa on a key of this desk, and returns how many commands the key got.
func (d desk) run(key, firmware string, fault []virtualkey.Fault, looked func(), args ...string) (code, sent int, said string) {
	d.t.Helper()
	k, err := virtualkey.Open(virtualkey.Options{Path: filepath.Join(d.dir, key), Firmware: firmware, Faults: fault})
	if err != nil {
		d.t.Fatal(err)
	}
	defer k.Close()
	var stderr bytes.Buffer
	r := &reader{key: k, looked: looked}
	code = cli.Run(context.Background(), cli.Options{
		Stdin: strings.NewReader(""), Stdout: &stderr, Stderr: &stderr,
		Environ: d.environ(), Cards: r, Now: time.Now,
	}, args)
	return code, r.sent, stderr.String()
}

func (d desk) environ() []string {
	return []string{"HOME=" + d.dir, "XDG_CONFIG_HOME=" + d.dir, "XDG_STATE_HOME=" + d.dir}
}

// must is run for what has to work.
func (d desk) must(key, firmware, command string) (sent int) {
	d.t.Helper()
	code, sent, said := d.run(key, firmware, nil, func() {}, strings.Fields(command)...)
	if code != 0 {
		d.t.Fatalf("%s: exit status %d\n%s", command, code, said)
	}
	return sent
}

// on lists what is on a key.
func (d desk) on(key string) []string {
	d.t.Helper()
	var file struct{ Credentials []onCard }
	if err := json.Unmarshal([]byte(d.file(key)), &file); err != nil {
		d.t.Fatal(err)
	}
	var list []string
	for _, c := range file.Credentials {
		list = append(list, c.String())
	}
	return list
}

func (d desk) file(name string) string {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(data)
}

func (d desk) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// copied is the same desk elsewhere.
func (d desk) copied() desk {
	d.t.Helper()
	c := desk{d.t, filepath.Join(d.t.TempDir(), "home")}
	if err := os.CopyFS(c.dir, os.DirFS(d.dir)); err != nil {
		d.t.Fatal(err)
	}
	return c
}

// edits are changes to the account aws, which is on the key as Amazon:alice with 6 digits and without touch.
var edits = []struct {
	name, firmware, before, command string
	second                          bool // on a second key, when the first and the account file have the new terms
	key                             string
}{
	{name: "touch", command: "edit aws --touch", key: "Amazon:alice/6/touch=true"},
	{name: "no touch", before: "edit aws --touch", command: "edit aws --no-touch", key: "Amazon:alice/6/touch=false"},
	{name: "digits", command: "edit aws --digits 8", key: "Amazon:alice/8/touch=false"},
	{name: "issuer", command: "edit aws --issuer ACME", key: "ACME:alice/6/touch=false"},
	{name: "issuer on old firmware", firmware: "5.2.4", command: "edit aws --issuer ACME", key: "ACME:alice/6/touch=false"},
	{name: "period", command: "edit aws --period 60", key: "60/Amazon:alice/6/touch=false"},
	{name: "touched period", before: "edit aws --touch", command: "edit aws --period 60 --backup-to file:~/copy", key: "60/Amazon:alice/6/touch=true"},
	{name: "all", command: "edit aws --rename work --issuer ACME --account bob --period 60 --digits 7 --touch", key: "60/ACME:bob/7/touch=true"},
	{name: "name", before: "edit aws --account aws", command: "edit aws --rename work", key: "Amazon:work/6/touch=false"},
	{name: "second, touch", command: "edit aws --touch", second: true, key: "Amazon:alice/6/touch=true"},
	{name: "second, issuer", command: "edit aws --issuer ACME", second: true, key: "ACME:alice/6/touch=false"},
	{name: "second, period", command: "edit aws --period 60 --issuer ACME", second: true, key: "60/ACME:alice/6/touch=false"},
	{name: "second, name", before: "edit aws --account aws", command: "edit aws --rename work", second: true, key: "Amazon:work/6/touch=false"},
	{name: "second, old firmware", firmware: "5.2.4", command: "edit aws --issuer ACME", second: true, key: "ACME:alice/6/touch=false"},
}

// TestEditInterrupted takes the key away at every command of an edit, before it is executed and after: at no time is
// neither the old credential nor the new one on the key, the account file says nothing that is not true, and the same
// command finishes what was begun.
func TestEditInterrupted(t *testing.T) {
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			d := desk{t, t.TempDir()}
			d.write("aws.txt", s20)
			const key = "key.json"
			d.must(key, e.firmware, "add bystander --secret-from file:~/aws.txt --issuer Bank --account alice")
			d.must(key, e.firmware, "add aws --secret-from file:~/aws.txt --issuer Amazon --account alice")
			if e.before != "" {
				d.must(key, e.firmware, e.before)
			}
			if before := d.file(key); e.second {
				d.must(key, e.firmware, e.command)
				d.write(key, before)
			}
			interrupt(t, d, key, e.command, e.key)
		})
	}
}

// interrupt runs a command on copies of a desk with the key going away at each of its commands.
func interrupt(t *testing.T, d desk, key, command, want string) {
	t.Helper()
	const accounts = "ykmfa/accounts.toml"
	whole := d.copied()
	n := whole.must(key, "", command)
	final := []string{"Bank:alice/6/touch=false", want}
	if got := sorted(whole.on(key)); !slices.Equal(got, sorted(final)) {
		t.Fatalf("without a fault the key holds %q, want %q", got, final)
	}
	old := d.on(key)[1]
	for at := 1; at <= n; at++ {
		for _, kind := range []virtualkey.FaultKind{virtualkey.Vanish, virtualkey.Cut} {
			c := d.copied()
			fault := virtualkey.Fault{Kind: kind, At: at}
			looked := func() {
				list := c.on(key)
				if !slices.Contains(list, old) && !slices.Contains(list, want) || !slices.Contains(list, final[0]) {
					t.Errorf("%v: the key holds %q", fault, list)
				}
			}
			code, _, said := c.run(key, "", []virtualkey.Fault{fault}, looked, strings.Fields(command)...)
			if code != 3 {
				t.Errorf("%v: exit status %d, %s", fault, code, said)
			}
			if c.file(accounts) != d.file(accounts) {
				t.Errorf("%v: the account file was changed before the key: %s", fault, c.file(accounts))
			}
			code, _, said = c.run(key, "", nil, looked, strings.Fields(command)...)
			if code != 0 {
				t.Errorf("%v: the second run: exit status %d, %s", fault, code, said)
			}
			if got := sorted(c.on(key)); !slices.Equal(got, sorted(final)) {
				t.Errorf("%v: the key holds %q, want %q", fault, got, final)
			}
			if c.file(accounts) != whole.file(accounts) {
				t.Errorf("%v: the account file is\n%s, want\n%s", fault, c.file(accounts), whole.file(accounts))
			}
		}
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
