//go:build linux

// Bench prints the numbers that ykmfa promises, side by side from one run: commands on the key, time against a C program
// with the same PC/SC calls and against Yubico's ykman, start-up, memory.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ykmfa/internal/pcscdtest"
	"ykmfa/internal/virtualkey"
)

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // RFC 6238

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// bench is the machine that is measured on.
type bench struct {
	dir string
	env []string
	key *virtualkey.Key
}

func run() error {
	if missing := pcscdtest.Missing(); missing != "" {
		return fmt.Errorf("%s is not installed: make deps", missing)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, stop, err := pcscdtest.Run()
	if err != nil {
		return err
	}
	defer stop()
	key, err := virtualkey.Open(virtualkey.Options{Serial: 12345678})
	if err != nil {
		return err
	}
	remove, err := p.Insert(key, 0)
	if err != nil {
		return err
	}
	defer remove()
	b := &bench{dir: dir, key: key}
	b.env = append(p.Env(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/config", "XDG_STATE_HOME="+dir+"/state", "YKMFA_ACCOUNTS=", "YKMFA_KEY=",
		"DBUS_SESSION_BUS_ADDRESS=", "XDG_RUNTIME_DIR=")
	if err := b.build(); err != nil {
		return err
	}
	if err := b.counts(); err != nil {
		return err
	}
	if err := b.times(); err != nil {
		return err
	}
	if err := b.software(); err != nil {
		return err
	}
	if err := b.costs(); err != nil {
		return err
	}
	if err := b.restores(); err != nil {
		return err
	}
	if err := b.imports(); err != nil {
		return err
	}
	return b.vaults()
}

// build builds ykmfa, and what it is compared with.
func (b *bench) build() error {
	if out, err := exec.Command("make", "build", "BINARY="+b.dir+"/ykmfa").CombinedOutput(); err != nil {
		return fmt.Errorf("make build: %w\n%s", err, out)
	}
	if err := goBuild("ykmfa/test/bench/least", b.dir+"/least", "CGO_ENABLED=1"); err != nil {
		return err
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libpcsclite").Output()
	if err != nil {
		return fmt.Errorf("pkg-config libpcsclite: %w", err)
	}
	for _, name := range []string{"code", "restore", "peak"} {
		args := append([]string{"-O2", "-o", b.dir + "/" + name, "test/bench/c/" + name + ".c"}, strings.Fields(string(flags))...)
		if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("building %s.c: %w\n%s", name, err, out)
		}
	}
	return os.WriteFile(b.dir+"/aws.txt", []byte(secret+"\n"), 0o600)
}

func goBuild(pkg, to, env string) error {
	c := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", to, pkg)
	c.Env = append(os.Environ(), env)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func (b *bench) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env, c.Dir = b.env, b.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func (b *bench) ykmfa(args ...string) *exec.Cmd {
	return b.command(filepath.Join(b.dir, "ykmfa"), args...)
}

// counts prints how many commands reach the key.
func (b *bench) counts() error {
	fmt.Println("commands on the key                            number  bound")
	for _, row := range []struct {
		what  string
		bound string
		args  []string
	}{
		{"ykmfa add (a key never seen before)", "", []string{"add", "aws", "--secret-from", "file:aws.txt"}},
		{"ykmfa add", "", []string{"add", "second", "--secret-from", "file:aws.txt"}},
		{"ykmfa add (again)", "", []string{"add", "aws"}},
		{"ykmfa code NAME", "2", []string{"code", "aws"}},
		{"ykmfa code", "", []string{"code"}},
		{"ykmfa list", "", []string{"list"}},
		{"ykmfa keys", "", []string{"keys"}},
	} {
		if err := b.count(row.what, row.bound, b.ykmfa(row.args...)); err != nil {
			return err
		}
	}
	return b.count("ykman oath accounts code -s NAME", "", b.ykman())
}

func (b *bench) ykman() *exec.Cmd {
	return b.command("ykman", "-r", "CCID 00 00", "oath", "accounts", "code", "-s", "aws")
}

func (b *bench) count(what, bound string, c *exec.Cmd) error {
	b.key.ClearLog()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, out)
	}
	fmt.Printf("  %-44s %6d  %s\n", what, len(b.key.Log()), bound)
	return nil
}

// row is one kind of process that is measured.
type row struct {
	what string
	runs int
	c    func() *exec.Cmd
	took []time.Duration
}

// inTurn measures whole processes, one after the other in turn, so that all see the same machine.
func (b *bench) inTurn(rows []row, rounds int) error {
	for i := range rounds {
		for n := range rows {
			r := &rows[(i+n)%len(rows)] // each comes after each
			if i%(rounds/r.runs) != 0 {
				continue
			}
			took, err := b.wall(r.c())
			if err != nil {
				return fmt.Errorf("%s: %w", r.what, err)
			}
			r.took = append(r.took, took)
		}
	}
	return nil
}

// times measures codes from the key.
func (b *bench) times() error {
	rows := []row{
		{what: "C program, the same PC/SC calls", runs: 200, c: func() *exec.Cmd { return b.command(b.dir+"/code", "aws") }},
		{what: "Go program, the same calls by libpcsclite", runs: 200, c: func() *exec.Cmd { return b.command(b.dir+"/least", "aws") }},
		{what: "ykmfa code NAME", runs: 200, c: func() *exec.Cmd { return b.ykmfa("code", "aws") }},
		{what: "ykman oath accounts code -s NAME", runs: 20, c: b.ykman},
	}
	if err := b.inTurn(rows, 200); err != nil {
		return err
	}
	fmt.Println("\nwhole process, median                          ms      ratio to ykmfa  bound")
	ours := median(rows[2].took)
	bounds := []string{"at least 0.50", "", "", "at least 50"}
	for n, r := range rows {
		took := median(r.took)
		fmt.Printf("  %-44s %-7.2f %-15.2f %s\n", r.what, ms(took), float64(took)/float64(ours), bounds[n])
	}
	fmt.Printf("  %-44s %-7s %-15.2f %s\n", "ykmfa to the C program", "", float64(ours)/float64(median(rows[0].took)), "at most 2")
	return nil
}

// software measures codes from a backup in a file.
func (b *bench) software() error {
	rows := []row{
		{what: "oathtool --totp -b @FILE", runs: 200, c: func() *exec.Cmd { return b.command("oathtool", "--totp", "-b", "@aws.txt") }},
		{what: "ykmfa code NAME --software", runs: 200, c: func() *exec.Cmd { return b.ykmfa("code", "aws", "--software") }},
	}
	if err := b.inTurn(rows, 200); err != nil {
		return err
	}
	fmt.Println("\nin software, whole process, median              ms      ratio to oathtool  bound")
	theirs := median(rows[0].took)
	for n, r := range rows {
		took := median(r.took)
		fmt.Printf("  %-44s %-7.2f %-18.2f %s\n", r.what, ms(took), float64(took)/float64(theirs), []string{"", "at most 2"}[n])
	}
	return nil
}

// wall is how long a program takes to print a code. It prints into a file, so that reading a pipe is not measured too.
func (b *bench) wall(c *exec.Cmd) (time.Duration, error) {
	out, err := os.Create(filepath.Join(b.dir, "out"))
	if err != nil {
		return 0, err
	}
	defer out.Close()
	c.Stdout = out
	start := time.Now()
	err = c.Run()
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	printed, err := os.ReadFile(out.Name())
	if err == nil && len(bytes.TrimSpace(printed)) != 6 {
		err = fmt.Errorf("printed %q", printed)
	}
	return took, err
}

// peak is the peak of a program's resident memory in kB, as peak.c measures it.
func (b *bench) peak(c *exec.Cmd) (int64, error) {
	var said bytes.Buffer
	c.Args = append([]string{"peak", c.Path}, c.Args[1:]...)
	c.Path, c.Stderr = b.dir+"/peak", &said
	if err := c.Run(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, said.Bytes())
	}
	words := strings.Fields(said.String())
	return strconv.ParseInt(words[len(words)-1], 10, 64)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// costs measures start-up and memory.
func (b *bench) costs() error {
	fmt.Println("\ncost of a process                              median  bound")
	const runs = 50
	var cpu, memory []time.Duration
	for range runs {
		c := b.ykmfa("--version")
		if err := c.Run(); err != nil {
			return err
		}
		cpu = append(cpu, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
		peak, err := b.peak(b.ykmfa("code", "aws"))
		if err != nil {
			return err
		}
		memory = append(memory, time.Duration(peak))
	}
	fmt.Printf("  %-44s %6.2f  under 5\n", "ykmfa --version, ms of CPU", ms(median(cpu)))
	fmt.Printf("  %-44s %6.2f  under 20\n", "ykmfa code NAME, MiB resident at most", float64(median(memory))/1024)
	return nil
}
