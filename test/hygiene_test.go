package test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what "go list -json" tells about a package.
type pkg struct {
	ImportPath, Dir, Doc string
	GoFiles, CgoFiles    []string
	Imports, Deps        []string
}

func packages(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-json"}, patterns...)...)
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// mayImport says which packages of this module and which other modules a package imports. Standard packages are free.
var mayImport = map[string][]string{
	"ykmfa/internal/iso7816":           {},
	"ykmfa/internal/erase":             {},
	"ykmfa/oath":                       {"ykmfa/internal/erase", "ykmfa/internal/iso7816"},
	"ykmfa/pcsc":                       {"github.com/ebfe/scard"},
	"ykmfa/internal/virtualkey":        {"ykmfa/internal/iso7816"},
	"ykmfa/internal/otpauth":           {"ykmfa/oath"},
	"ykmfa/internal/account":           {"ykmfa/oath", "ykmfa/internal/disk", "github.com/pelletier/go-toml/v2"},
	"ykmfa/internal/pivkey":            {"ykmfa/internal/iso7816"},
	"ykmfa/internal/keyring":           {"github.com/zalando/go-keyring"},
	"ykmfa/internal/term":              {"golang.org/x/term"},
	"ykmfa/internal/disk":              {"golang.org/x/sys"},
	"ykmfa/internal/source":            {"ykmfa/internal/clipboard", "ykmfa/internal/disk", "ykmfa/internal/qr", "ykmfa/internal/erase", "ykmfa/internal/keyring", "ykmfa/internal/otpauth", "ykmfa/oath", "golang.org/x/term"},
	"ykmfa/internal/qr":                {"golang.org/x/image"},
	"ykmfa/internal/displaytest":       {},
	"ykmfa/internal/clipboard":         {},
	"ykmfa/internal/source/sourcetest": {},
	"ykmfa/internal/vault":             {"ykmfa/internal/disk", "filippo.io/age", "filippo.io/hpke", "golang.org/x/crypto"},
	"ykmfa/internal/transfer":          {"ykmfa/internal/otpauth", "ykmfa/oath", "golang.org/x/crypto"},
	"ykmfa/internal/sheet":             {"ykmfa/internal/otpauth", "ykmfa/oath"},
	"ykmfa/internal/pcscdtest":         {"ykmfa/internal/virtualkey"},
	"ykmfa/internal/oathtest":          {"ykmfa/oath"},
	"ykmfa/internal/cli": {"ykmfa/oath", "ykmfa/internal/account", "ykmfa/internal/keyring", "ykmfa/internal/otpauth",
		"ykmfa/internal/disk", "ykmfa/internal/pivkey", "ykmfa/internal/qr", "ykmfa/internal/sheet", "ykmfa/internal/source", "ykmfa/internal/term", "ykmfa/internal/transfer", "ykmfa/internal/vault", "ykmfa/internal/clipboard", "github.com/spf13/cobra"},
	"ykmfa/cmd/ykmfa":              {"ykmfa/internal/cli", "ykmfa/pcsc", "golang.org/x/sys"},
	"ykmfa/internal/virtualreader": {"ykmfa/internal/cli", "ykmfa/internal/virtualkey"},
	"ykmfa/cmd/vkey":               {"ykmfa/internal/cli", "ykmfa/internal/virtualkey", "ykmfa/internal/virtualreader", "github.com/spf13"},
	"ykmfa/test":                   {},
	"ykmfa/test/bench":             {"ykmfa/internal/pcscdtest", "ykmfa/internal/virtualkey"},
	"ykmfa/test/bench/least":       {"github.com/ebfe/scard"},
	"ykmfa/test/totp":              {},
}

// TestImports keeps the arrows between packages as they are meant.
func TestImports(t *testing.T) {
	for _, p := range packages(t, "./...") {
		allowed, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s: say here what it may import", p.ImportPath)
		}
		for _, i := range p.Imports {
			standard := !strings.Contains(strings.SplitN(i, "/", 2)[0], ".") && !strings.HasPrefix(i, "ykmfa/")
			ok := standard || slices.ContainsFunc(allowed, func(a string) bool {
				return i == a || !strings.HasPrefix(a, "ykmfa") && strings.HasPrefix(i, a+"/")
			})
			if !ok {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
	for _, p := range packages(t, "./cmd/ykmfa") {
		if slices.Contains(p.Deps, "ykmfa/internal/virtualkey") {
			t.Error("the virtual key is linked into ykmfa")
		}
	}
}

// TestSizes: every package says what it is for, no file is longer than 300 lines, no function longer than 80.
func TestSizes(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if p.Doc == "" && p.ImportPath != "ykmfa/test" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if n := fset.File(file.Pos()).LineCount(); n > 300 {
				t.Errorf("%s/%s has %d lines", p.ImportPath, name, n)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > 80 {
					t.Errorf("%s/%s: %s has %d lines", p.ImportPath, name, f.Name, n)
				}
			}
		}
	}
}
