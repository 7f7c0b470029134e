//go:build linux

package main

import (
	"encoding/base32"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// vaults prints what one more account costs in a small vault and in a large one.
func (b *bench) vaults() error {
	fmt.Println("\none more account into the vault, median          ms  ratio  bound")
	one := filepath.Join(b.dir, "one.txt")
	if err := os.WriteFile(one, []byte("otpauth://totp/One?secret="+secret+"\n"), 0o600); err != nil {
		return err
	}
	sizes := []int{10, 1000}
	took := make([][]time.Duration, len(sizes))
	dirs := make([]string, len(sizes))
	for i, n := range sizes {
		dir, err := b.vaultOf(n)
		if err != nil {
			return err
		}
		dirs[i] = dir
	}
	for range 40 {
		for i, dir := range dirs {
			t, err := b.oneMore(dir, one)
			if err != nil {
				return err
			}
			took[i] = append(took[i], t)
		}
	}
	base := median(took[0])
	fmt.Printf("  a vault of %-34d %7.2f\n", sizes[0], ms(base))
	fmt.Printf("  a vault of %-34d %7.2f  %5.2f  about 1\n", sizes[1], ms(median(took[1])), float64(median(took[1]))/float64(base))
	return nil
}

// vaultOf makes a vault with so many entries.
func (b *bench) vaultOf(n int) (dir string, err error) {
	if dir, err = os.MkdirTemp(b.dir, "vault"); err != nil {
		return "", err
	}
	var list strings.Builder
	for i := range n {
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(fmt.Appendf(nil, "secret number %06d", i))
		fmt.Fprintf(&list, "otpauth://totp/Service%%20%d:someone@example.org?secret=%s&issuer=Service%%20%d\n", i, text, i)
	}
	file := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		return "", err
	}
	const vault = `umask 077; mkdir -p store && age-keygen -o identities 2>/dev/null && age-keygen -y identities >store/.age-recipients`
	c := b.command("sh", "-c", vault)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("a vault: %w\n%s", err, out)
	}
	return dir, b.intoVault(dir, file)
}

// intoVault imports a file into a vault, with an account file of its own.
func (b *bench) intoVault(dir, file string) error {
	c := b.ykmfa("import", file, "--no-key")
	c.Env = append(c.Env, "YKMFA_VAULT="+dir, "YKMFA_ACCOUNTS="+filepath.Join(dir, "accounts.toml"))
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return os.Remove(filepath.Join(dir, "accounts.toml"))
}

func (b *bench) oneMore(dir, file string) (time.Duration, error) {
	start := time.Now()
	err := b.intoVault(dir, file)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	return took, os.Remove(filepath.Join(dir, "store", "one.age"))
}
