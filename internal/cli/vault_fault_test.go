package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
)

// A test key of age in the clear, which takes no time.
const (
	ageIdentity  = "AGE-SECRET-KEY-1TAF4JVWRJWSUP9P3K6LEG5SQZAYAGVGV9ES2S9CH0Y63YV2A65MS43QX6W"
	ageRecipient = "age13jxamjkgnmmqqzd75wsff5etye4yahumw8pucvrrecue9yv2uuaqsgrctd"
)

// newVaultDesk is a desk with a vault that has these entries. What it runs has the right PIN, or the one that is in pin.txt.
func newVaultDesk(t *testing.T, firmware string, names ...string) desk {
	t.Helper()
	d := desk{t, t.TempDir()}
	if err := os.MkdirAll(filepath.Join(d.dir, "vault", "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.write("vault/identities", ageIdentity+"\n")
	d.write("vault/store/.age-recipients", "# recovery identity\n"+ageRecipient+"\n")
	d.write("pin.txt", "123456\n")
	d.write("s.txt", s20+"\n")
	for _, name := range names {
		if code, _, said := d.vault("key", firmware, nil, "add", name, "--secret-from", "file:"+d.dir+"/s.txt", "--backup-to", "vault:"+name, "--account", name); code != 0 {
			t.Fatal(said)
		}
	}
	return d
}

// vault is run, with the vault and the PIN of this desk.
func (d desk) vault(key, firmware string, fault []virtualkey.Fault, args ...string) (code, sent int, said string) {
	d.t.Helper()
	k, err := virtualkey.Open(virtualkey.Options{Path: filepath.Join(d.dir, key), Firmware: firmware, Serial: 12345678, Faults: fault})
	if err != nil {
		d.t.Fatal(err)
	}
	defer k.Close()
	var out bytes.Buffer
	r := &reader{key: k, looked: func() {}}
	code = cli.Run(context.Background(), cli.Options{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Cards: r, Now: time.Now,
		Environ: append(d.environ(), "PATH="+os.Getenv("PATH"), "YKMFA_VAULT="+d.dir+"/vault",
			"YKMFA_PIV_PIN_COMMAND=cat "+d.dir+"/pin.txt"),
	}, args)
	return code, r.sent, out.String()
}

// pivSlots are the slots that have a key.
func (d desk) pivSlots(key string) (slots []string) {
	d.t.Helper()
	var file struct {
		PIV struct {
			Keys map[string]any `json:"keys"`
			PIN  struct {
				Tries int `json:"tries"`
			} `json:"pin"`
		} `json:"piv"`
	}
	if err := json.Unmarshal([]byte(d.file(key)), &file); err != nil {
		d.t.Fatal(err)
	}
	for slot := range file.PIV.Keys {
		slots = append(slots, slot)
	}
	if n := file.PIV.PIN.Tries; n != 3 {
		d.t.Errorf("%d tries of the PIN are left", n)
	}
	return sorted(slots)
}

// keyOpens shows that the YubiKey opens every entry by itself.
func (d desk) keyOpens(firmware, at string) {
	d.t.Helper()
	identities := filepath.Join(d.dir, "vault", "identities")
	if err := os.Rename(identities, identities+".away"); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range strings.Fields(d.entries()) {
		code, _, said := d.vault("key", firmware, nil, "vault", "show", name, "--force")
		if code != 0 || !strings.Contains(said, "secret="+s20) {
			d.t.Errorf("%s: %s: exit status %d\n%s", at, name, code, said)
		}
	}
	if err := os.Rename(identities+".away", identities); err != nil {
		d.t.Fatal(err)
	}
}

// entries are the names that vault list prints.
func (d desk) entries() string {
	d.t.Helper()
	_, _, said := d.vault("key", "", nil, "vault", "list")
	var names []string
	for line := range strings.Lines(said) {
		name, _, _ := strings.Cut(line, "\t")
		names = append(names, name)
	}
	if len(names) == 0 {
		d.t.Error("no entries")
	}
	return strings.Join(names, " ")
}

// TestAddKeyAtEveryFault: whichever command the key does not answer, or refuses: nothing is lost, and the same again finishes
// it, in the same slot.
func TestAddKeyAtEveryFault(t *testing.T) {
	for _, firmware := range []string{"5.7.4", "4.3.5"} {
		master := newVaultDesk(t, firmware, "b/c")
		whole := master.copied()
		code, n, said := whole.vault("key", firmware, nil, "vault", "add-key")
		if code != 0 {
			t.Fatal(said)
		}
		whole.keyOpens(firmware, "without a fault")
		t.Logf("%s: %d commands", firmware, n)
		for _, kind := range []virtualkey.FaultKind{virtualkey.Cut, virtualkey.Vanish, virtualkey.Refuse} {
			for at := 1; at <= n && (kind == virtualkey.Cut || firmware == "5.7.4"); at++ {
				where := fmt.Sprintf("%s: %s@%d", firmware, kind, at)
				d := master.copied()
				code, _, first := d.vault("key", firmware, []virtualkey.Fault{{Kind: kind, At: at, Status: 0x6f00}}, "vault", "add-key")
				if code != 0 && !strings.Contains(first, "ykmfa: error: ") || strings.Contains(first, "internal error") {
					t.Errorf("%s: exit status %d\n%s", where, code, first)
				}
				if code, _, said := d.vault("key", firmware, nil, "vault", "add-key"); code != 0 {
					t.Errorf("%s: again: exit status %d\n%s\nat first: %s", where, code, said, first)
					continue
				}
				most := 1
				if firmware == "4.3.5" && (kind == virtualkey.Cut && strings.Contains(first, "GENERATE") || // the public half is lost for good
					kind == virtualkey.Refuse && strings.Contains(first, "another key was plugged in")) { // it told its serial number too late
					most = 2
				}
				if got := d.pivSlots("key"); len(got) > most {
					t.Errorf("%s: keys in slots %v\n%s", where, got, first)
				}
				if got := strings.Count(d.file("vault/store/.age-recipients"), "age1tag1"); got != 1 {
					t.Errorf("%s: %d recipients of the key", where, got)
				}
				if left, _ := filepath.Glob(d.dir + "/vault/.add-key*"); len(left) > 0 {
					t.Errorf("%s: left %q", where, left)
				}
				if at%5 == 0 {
					d.keyOpens(firmware, where)
				}
			}
		}
	}
}

// TestReadAtEveryFault: the key that fails is no reason to lose anything, or to read the wrong thing; where there is another
// way to open the vault, that is taken.
func TestReadAtEveryFault(t *testing.T) {
	master := newVaultDesk(t, "5.7.4", "a", "b/c")
	if code, _, said := master.vault("key", "5.7.4", nil, "vault", "add-key", "--pin", "always", "--touch", "always"); code != 0 {
		t.Fatal(said)
	}
	for _, args := range [][]string{{"vault", "show", "b/c", "--force"}, {"vault", "rekey"}} {
		_, n, _ := master.copied().vault("key", "5.7.4", nil, args...)
		for at := 1; at <= n; at++ {
			for _, kind := range []virtualkey.FaultKind{virtualkey.Cut, virtualkey.Refuse} {
				d := master.copied()
				code, _, said := d.vault("key", "5.7.4", []virtualkey.Fault{{Kind: kind, At: at, Status: 0x6f00}}, args...)
				if code != 0 {
					t.Errorf("%q at %s@%d: exit status %d although the identities open it\n%s", args, kind, at, code, said)
				}
				if args[1] == "show" && !strings.Contains(said, s20) {
					t.Errorf("%q at %s@%d: %s", args, kind, at, said)
				}
				if at%7 == 0 {
					d.keyOpens("5.7.4", fmt.Sprint(args, kind, at))
				}
			}
		}
	}
}

// TestAddKeyTwice: the second time finds the first, and takes no slot.
func TestAddKeyTwice(t *testing.T) {
	d := newVaultDesk(t, "5.7.4", "a")
	for range 2 {
		if code, _, said := d.vault("key", "5.7.4", nil, "vault", "add-key"); code != 0 {
			t.Fatal(said)
		}
	}
	code, _, said := d.vault("key", "5.7.4", nil, "vault", "add-key")
	if code != 0 || !strings.Contains(said, "is a recipient of the vault already, by its slot 82") || len(d.pivSlots("key")) != 1 {
		t.Errorf("exit status %d, %v\n%s", code, d.pivSlots("key"), said)
	}
	if code, _, said := d.vault("key", "5.7.4", nil, "vault", "add-key", "--slot", "90"); code != 0 || len(d.pivSlots("key")) != 2 {
		t.Errorf("exit status %d, %v\n%s", code, d.pivSlots("key"), said)
	}
	// Lost, it goes with both.
	if code, _, said := d.vault("key", "5.7.4", nil, "vault", "remove-key", "12345678", "--yes"); code != 0 {
		t.Errorf("exit status %d\n%s", code, said)
	}
	if got := d.file("vault/store/.age-recipients"); got != "# recovery identity\n"+ageRecipient+"\n" {
		t.Errorf("recipients: %s", got)
	}
}
