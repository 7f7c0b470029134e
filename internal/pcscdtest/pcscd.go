// Package pcscdtest runs a pcscd of the test's own, with virtual keys in its two readers. The machine's pcscd, if there
// is one, is not touched: the test's lives in a mount namespace where another directory lies over /run/pcscd.
package pcscdtest

import (
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
	logName = "pcscd.log"
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
	port, err := freePorts()
	if err != nil {
		return nil, nil, err
	}
	return run(port)
}

// RunWithoutReaders is Run without vpcd: there is no reader.
func RunWithoutReaders() (p *PCSCD, stop func(), err error) { return run(0) }

// run runs a pcscd; without a port, vpcd is left out.
func run(port int) (p *PCSCD, stop func(), err error) {
	dir, err := os.MkdirTemp("", "pcscd")
	if err != nil {
		return nil, nil, err
	}
	p = &PCSCD{Socket: filepath.Join(dir, "pcscd.comm"), port: port}
	daemon, err := p.startDaemon(dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	stop = func() {
		daemon.Process.Kill()
		daemon.Wait()
		os.RemoveAll(dir)
	}
	if err := p.awaitReady(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, logName))
		stop()
		return nil, nil, fmt.Errorf("pcscd does not start (may this user make mount namespaces?): %w\n%s", err, log)
	}
	return p, stop, nil
}

// script puts a directory over pcscd's own, and over every driver of USB readers: a test that wipes cards must not be able
// to reach a real key.
const script = `
mount --bind "$1" "$2" || exit
mkdir "$1/empty"
for usb in /usr/lib/pcsc/drivers/*.bundle; do
	test ! -d "$usb" || mount --bind "$1/empty" "$usb" || exit
done
shift 2
exec pcscd --foreground "$@"`

// startDaemon replaces unshare and the shell by pcscd, so that the process is the daemon itself.
func (p *PCSCD) startDaemon(dir string) (*exec.Cmd, error) {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "reader.conf.d")
	if err := p.writeConf(conf); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, logName))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := append(namespace(), "sh", "-c", script, "sh", dir, runDir, "--config", conf)
	if knowsPolkitFlag() {
		args = append(args, "--disable-polkit")
	}
	daemon := exec.Command("unshare", args...)
	dieWithTest(daemon)
	daemon.Stdout, daemon.Stderr = log, log
	return daemon, daemon.Start()
}

// namespace is what makes unshare give a mount namespace, to everyone.
func namespace() []string {
	if os.Getuid() == 0 {
		return []string{"-m"}
	}
	return []string{"-r", "-m"}
}

func (p *PCSCD) writeConf(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil || p.port == 0 {
		return err
	}
	entry := fmt.Sprintf("FRIENDLYNAME %q\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n", ReaderName, p.port, driver, p.port)
	return os.WriteFile(filepath.Join(dir, "vpcd"), []byte(entry), 0o644)
}

// knowsPolkitFlag reports whether pcscd can be told not to ask polkit.
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
		for slot := range p.slots() {
			if !listening(p.port + slot) {
				return errors.New("vpcd does not listen")
			}
		}
		return nil
	})
}

// slots is how many cards there can be: as many as Debian's vpcd was built for.
func (p *PCSCD) slots() int {
	if p.port == 0 {
		return 0
	}
	return 2
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
	if err := p.WaitCard(slot, false); err != nil {
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
		p.WaitCard(slot, false)
	}
	if err := p.WaitCard(slot, true); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// WaitCard waits until pcscd knows that a card is in a slot, or that none is.
func (p *PCSCD) WaitCard(slot int, want bool) error {
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
