//go:build linux

package main

import (
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// imports prints what reading many accounts, and a large picture, costs.
func (b *bench) imports() error {
	fmt.Println("\nimport, s of CPU                               median  bound")
	if err := b.writeImports(); err != nil {
		return err
	}
	for _, row := range []struct {
		what, file, bound string
		runs              int
	}{
		{"1,000 otpauth URIs into the vault", "many.txt", "under 2", 3},
		{"a QR code in a screenshot of 3840 x 2160", "screen.png", "under 1", 9},
	} {
		var took []time.Duration
		for range row.runs {
			cpu, err := b.imported(row.file)
			if err != nil {
				return fmt.Errorf("%s: %w", row.what, err)
			}
			took = append(took, cpu)
		}
		fmt.Printf("  %-44s %6.2f  %s\n", row.what, median(took).Seconds(), row.bound)
	}
	return nil
}

// imported imports a file into a new vault.
func (b *bench) imported(file string) (time.Duration, error) {
	dir, err := os.MkdirTemp(b.dir, "import")
	if err != nil {
		return 0, err
	}
	const vault = `umask 077; mkdir -p store && age-keygen -o identities 2>/dev/null && age-keygen -y identities >store/.age-recipients`
	c := b.command("sh", "-c", vault)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("a vault: %w\n%s", err, out)
	}
	c = b.ykmfa("import", file, "--no-key")
	c.Env = append(c.Env, "YKMFA_VAULT="+dir, "YKMFA_ACCOUNTS="+filepath.Join(dir, "accounts.toml"))
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}

// writeImports writes the list, and a screen full of text with a code in it.
func (b *bench) writeImports() error {
	var list, text strings.Builder
	for i := range 1000 {
		secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(fmt.Appendf(nil, "secret number %06d", i))
		fmt.Fprintf(&list, "otpauth://totp/Service%%20%d:someone@example.org?secret=%s&issuer=Service%%20%d\n", i, secret, i)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "many.txt"), []byte(list.String()), 0o600); err != nil {
		return err
	}
	for i := range 80 {
		fmt.Fprintf(&text, "%3d  The quick brown fox jumps over the lazy dog, while (code[%d] != \"%x\") { wait(%d * seconds); } // until it ends\n", i, i, i*i*i, i)
	}
	code := exec.Command("qrencode", "-s", "5", "-o", filepath.Join(b.dir, "code.png"), "otpauth://totp/ACME:alice@example.com?secret="+secret+"&issuer=ACME")
	screen := exec.Command("convert", "-size", "3840x2160", "xc:white", "-font", "DejaVu-Sans-Mono", "-pointsize", "24",
		"-annotate", "+40+60", text.String(), filepath.Join(b.dir, "code.png"), "-geometry", "+2600+1100", "-composite", filepath.Join(b.dir, "screen.png"))
	for _, c := range []*exec.Cmd{code, screen} {
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", c.Args[0], err, out)
		}
	}
	return nil
}
