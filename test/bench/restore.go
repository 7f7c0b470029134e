//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	many = 64 // accounts: all that a YubiKey 5.7 holds
	few  = 8
)

// restores prints what filling a key costs, against a C program with the same commands and a loop over ykman.
func (b *bench) restores() error {
	lines, err := b.writeAccounts()
	if err != nil {
		return err
	}
	fmt.Printf("\n%d accounts from files onto an empty key         number  bound\n", many)
	if err := b.empty(); err != nil {
		return err
	}
	if err := b.count("ykmfa restore", fmt.Sprint(2*many+2), b.restoring(many)); err != nil {
		return err
	}
	rows := []struct {
		what string
		runs int
		c    func() *exec.Cmd
		took []time.Duration
	}{
		{what: "C program, the same PC/SC calls", runs: 9, c: func() *exec.Cmd {
			c := b.command(b.dir + "/restore")
			c.Stdin = strings.NewReader(lines)
			return c
		}},
		{what: "ykmfa restore", runs: 9, c: func() *exec.Cmd { return b.restoring(many) }},
		{what: "loop over ykman oath accounts add", runs: 1, c: func() *exec.Cmd { return b.command("sh", "-c", ykmanLoop) }},
	}
	for i := range 9 {
		for n := range rows {
			r := &rows[n]
			if i >= r.runs {
				continue
			}
			if err := b.empty(); err != nil {
				return err
			}
			c := r.c()
			start := time.Now()
			if out, err := c.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", r.what, err, out)
			}
			r.took = append(r.took, time.Since(start))
		}
	}
	fmt.Println("                                               ms      ratio to ykmfa  bound")
	ours := median(rows[1].took)
	bounds := []string{"at least 0.50", "", ""}
	for n, r := range rows {
		fmt.Printf("  %-44s %-7.0f %-15.2f %s\n", r.what, ms(median(r.took)), float64(median(r.took))/float64(ours), bounds[n])
	}
	return b.flat()
}

// flat prints that memory does not grow with the number of accounts.
func (b *bench) flat() error {
	for _, n := range []int{few, many} {
		if err := b.empty(); err != nil {
			return err
		}
		peak, err := b.peak(b.restoring(n))
		if err != nil {
			return err
		}
		fmt.Printf("  %-44s %6.2f  under 20\n", fmt.Sprintf("%d accounts, MiB resident at most", n), float64(peak)/1024)
	}
	return nil
}

const ykmanLoop = `while read id secret; do ykman -r "CCID 00 00" oath accounts add -f "$id" "$secret" || exit; done <ykman.txt`

// writeAccounts writes account files, the files with the secrets, and returns the accounts as the C program reads them.
func (b *bench) writeAccounts() (string, error) {
	var toml, lines, ykman strings.Builder
	for i := range many {
		id := fmt.Sprintf("Example:account%02d", i)
		file := filepath.Join(b.dir, id+".txt")
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			return "", err
		}
		fmt.Fprintf(&toml, "[account%02d]\nid = %q\nbackup = %q\n\n", i, id, "file:"+file)
		fmt.Fprintf(&lines, "%s %x\n", id, "12345678901234567890")
		fmt.Fprintf(&ykman, "%s %s\n", id, secret)
		if i+1 == few || i+1 == many {
			if err := os.WriteFile(b.accounts(i+1), []byte(toml.String()), 0o600); err != nil {
				return "", err
			}
		}
	}
	return lines.String(), os.WriteFile(filepath.Join(b.dir, "ykman.txt"), []byte(ykman.String()), 0o600)
}

func (b *bench) accounts(n int) string {
	return filepath.Join(b.dir, fmt.Sprintf("accounts%d.toml", n))
}

// restoring restores as many accounts as one of the account files has.
func (b *bench) restoring(n int) *exec.Cmd {
	c := b.ykmfa("restore")
	c.Env = append(c.Env, "YKMFA_ACCOUNTS="+b.accounts(n))
	return c
}

// empty deletes what is on the key, which stays the key that it is, and locks nothing.
func (b *bench) empty() error {
	list, err := b.send([]byte{0, 0xa4, 4, 0, 7, 0xa0, 0, 0, 5, 0x27, 0x21, 1})
	if err == nil {
		list, err = b.sendAll([]byte{0, 0xa1, 0, 0, 0})
	}
	for err == nil && len(list) > 2 && list[0] == 0x72 {
		size := int(list[1])
		id := list[3 : 2+size] // after the byte for type and algorithm
		_, err = b.send(append([]byte{0, 0x02, 0, 0, byte(len(id) + 2), 0x71, byte(len(id))}, id...))
		list = list[2+size:]
	}
	b.key.Reset()
	return err
}

// sendAll also fetches what does not fit into one answer (SEND REMAINING).
func (b *bench) sendAll(apdu []byte) ([]byte, error) {
	var all []byte
	for {
		resp, err := b.key.Transmit(apdu)
		if err != nil || len(resp) < 2 {
			return nil, errors.Join(err, errors.New("no answer"))
		}
		all = append(all, resp[:len(resp)-2]...)
		if resp[len(resp)-2] != 0x61 {
			return all, nil
		}
		apdu = []byte{0, 0xa5, 0, 0, 0}
	}
}

func (b *bench) send(apdu []byte) ([]byte, error) {
	resp, err := b.key.Transmit(apdu)
	if err == nil && (len(resp) < 2 || binary.BigEndian.Uint16(resp[len(resp)-2:]) != 0x9000) {
		err = fmt.Errorf("the virtual key answers %x to %x", resp, apdu)
	}
	return resp, err
}
