package account

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	p := Paths{ConfigDir: t.TempDir()}
	if c, err := p.Config(); err != nil || c.Touch != "" || c.Sources != nil {
		t.Fatalf("no file: %+v, %v", c, err)
	}
	path := filepath.Join(p.ConfigDir, "config.toml")
	text := "touch = \"required\" # always\n[sources.mine]\nget = [\"mine\", \"get\", \"{}\"]\nput = [\"mine\", \"put\", \"{}\"]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := p.Config()
	if err != nil || c.Touch != TouchRequired || strings.Join(c.Sources["mine"].Put, " ") != "mine put {}" {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, mode := range []os.FileMode{0o620, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Config(); err == nil || !strings.Contains(err.Error(), "chmod go-w "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"\ntuoch = \"required\"\n":                     `c.toml:2: unknown setting "tuoch"`,
		"[sources.x]\nget = [\"a\"]\nset = [\"b\"]\n":  `c.toml:3: unknown setting "sources.x.set"`,
		"[sources.x]\nget = \"a b\"\n":                 "c.toml:2: ",
		"[sources.x]\nget = [1]\n":                     "c.toml:2: ",
		"# touch\ntouch = \"always\"\n":                `c.toml:2: touch can only be "required"`,
		"touch = true\n":                               "c.toml:1: ",
		"touch = \"required\"\ntouch = \"required\"\n": "c.toml:2: ",
		"touch = \"\x1b[1m":                            "c.toml:1: ",
		"sources = 3\n":                                "c.toml:1: ",
		strings.Repeat("#", maxConfig+1):               "larger than",
	} {
		c, err := ParseConfig("c.toml", []byte(text))
		if c != nil || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("touch = \"required\"\n[sources.a]\nget = [\"x\"]\n"))
	f.Add([]byte("[sources]\na = {get = [\"x\"], more = 1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("c.toml", data)
		if (c == nil) != (err != nil) {
			t.Fatalf("%+v, %v", c, err)
		}
	})
}
