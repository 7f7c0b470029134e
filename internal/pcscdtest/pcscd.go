// Package pcscdtest runs a pcscd of the test's own, with virtual keys in its two readers. The machine's pcscd, if there
// is one, is not touched: the test's lives in a mount namespace where another directory lies over /run/pcscd.
package pcscdtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ykmfa/internal/virtualkey"
)

const (
	driver  = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	runDir  = "/run/pcscd" // compiled into pcscd
	timeout = 20 * time.Second

	// ReaderName is the name of the readers, to which pcscd adds " 00 00" and " 00 01". Yubico's programs know a YubiKey
	// by it.
	ReaderName = "Yubico YubiKey OTP+FIDO+CCID"
)

// PCSCD is a running pcscd.
type PCSCD struct {
	Socket string // for PCSCLITE_CSOCK_NAME
	port   int
}

// Missing says what is not installed of pcscd and vpcd, or nothing.
func Missing() string {
	for _, program := range []string{"pcscd", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	if _, err := os.Stat(driver); err != nil {
		return "vsmartcard-vpcd"
	}
	return ""
}

// Start runs a pcscd until the test ends. Where pcscd is not installed the test is skipped, but under CI it fails. The
// PC/SC library finds its service once in a process's life: for more than one pcscd, let other processes be the clients.
func Start(t testing.TB) *PCSCD {
	t.Helper()
	if Missing() != "" {
		Skip(t)
	}
	p, stop, err := Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return p
}

// Skip skips a test for which something is missing, or fails it under CI.
func Skip(t testing.TB) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", Missing())
	}
	t.Skipf("%s is not installed: make deps", Missing())
}

// Run runs a pcscd until stop is called.
func Run() (p *PCSCD, stop func(), err error) {
	dir, err := os.MkdirTemp("", "pcscd")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	p = &PCSCD{Socket: filepath.Join(dir, "pcscd.comm")}
	if p.port, err = freePorts(); err != nil {
		return nil, nil, err
	}
	conf := filepath.Join(dir, "reader.conf.d")
	if err := os.Mkdir(conf, 0o755); err != nil {
		return nil, nil, err
	}
	entry := fmt.Sprintf("FRIENDLYNAME %q\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n", ReaderName, p.port, driver, p.port)
	if err := os.WriteFile(filepath.Join(conf, "vpcd"), []byte(entry), 0o644); err != nil {
		return nil, nil, err
	}
	daemon, err := startDaemon(dir, conf)
	if err != nil {
		return nil, nil, err
	}
	stop = func() {
		daemon.Process.Kill()
		daemon.Wait()
		os.RemoveAll(dir)
	}
	if err := p.awaitReady(); err != nil {
		stop()
		return nil, nil, fmt.Errorf("pcscd does not start (is vpcd's port free, and may this user make mount namespaces?): %w", err)
	}
	return p, stop, nil
}

// startDaemon replaces the shell by pcscd, so that the process is the daemon itself.
func startDaemon(dir, conf string) (*exec.Cmd, error) {
	if _, err := os.Stat(runDir); err != nil {
		if err := os.MkdirAll(runDir, 0o755); err != nil {
			return nil, err
		}
	}
	args := []string{"-m"}
	if os.Getuid() != 0 {
		args = []string{"-r", "-m"}
	}
	args = append(args, "sh", "-c", `mount --bind "$1" `+runDir+` && exec pcscd --foreground --disable-polkit --config "$2"`, "sh", dir, conf)
	if !knowsPolkitFlag() {
		args[len(args)-4] = strings.Replace(args[len(args)-4], " --disable-polkit", "", 1)
	}
	daemon := exec.Command("unshare", args...)
	return daemon, daemon.Start()
}

// knowsPolkitFlag reports whether pcscd has to be told not to ask polkit, and can be.
func knowsPolkitFlag() bool {
	out, _ := exec.Command("pcscd", "--help").CombinedOutput()
	return strings.Contains(string(out), "disable-polkit")
}

// awaitReady waits until clients can connect and vpcd listens for both cards.
func (p *PCSCD) awaitReady() error {
	return await(func() error {
		conn, err := net.Dial("unix", p.Socket)
		if err != nil {
			return err
		}
		conn.Close()
		for slot := range 2 {
			if !listening(p.port + slot) {
				return errors.New("vpcd does not listen")
			}
		}
		return nil
	})
}

// listening reports whether vpcd waits for the card of a port.
func listening(port int) bool { return hasSocket(port, "0A") }

// hasSocket looks into the kernel's table for a local port and a state: connecting would be taken for a card.
func hasSocket(port int, state string) bool {
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) && fields[3] == state {
			return true
		}
	}
	return false
}

// freePorts finds two ports in a row, which vpcd's two slots need.
func freePorts() (int, error) {
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		first.Close()
		if err != nil {
			continue
		}
		second.Close()
		return port, nil
	}
	return 0, errors.New("no two free ports in a row")
}

func await(condition func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := condition()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond) // between two looks at the condition
	}
}

// Env is the environment that makes PC/SC clients find this pcscd.
func (p *PCSCD) Env() []string { return append(os.Environ(), "PCSCLITE_CSOCK_NAME="+p.Socket) }

// Addr is where the card of a slot, 0 or 1, connects to.
func (p *PCSCD) Addr(slot int) string { return fmt.Sprintf("127.0.0.1:%d", p.port+slot) }

// Reader is the name of a slot's reader.
func (p *PCSCD) Reader(slot int) string { return fmt.Sprintf("%s 00 %02X", ReaderName, slot) }

// Insert puts a key into a slot, and returns when pcscd knows. remove takes it out again, and returns when pcscd knows.
func (p *PCSCD) Insert(k *virtualkey.Key, slot int) (remove func(), err error) {
	if err := p.awaitCard(slot, false); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := virtualkey.DialVPCD(ctx, p.Addr(slot))
	if err != nil {
		cancel()
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- k.ServeVPCD(ctx, conn) }()
	remove = func() {
		cancel()
		<-done
		p.awaitCard(slot, false)
	}
	if err := p.awaitCard(slot, true); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// awaitCard waits until pcscd knows that a card is in a slot, or that none is.
func (p *PCSCD) awaitCard(slot int, want bool) error {
	return await(func() error {
		present, err := p.present(slot)
		if err == nil && present != want {
			err = fmt.Errorf("card in slot %d: %v, want %v", slot, present, want)
		}
		return err
	})
}

// Put is Insert for tests: the key stays until the test ends or remove is called.
func (p *PCSCD) Put(t testing.TB, k *virtualkey.Key, slot int) (remove func()) {
	t.Helper()
	out, err := p.Insert(k, slot)
	if err != nil {
		t.Fatal(err)
	}
	remove = sync.OnceFunc(out)
	t.Cleanup(remove)
	return remove
}
