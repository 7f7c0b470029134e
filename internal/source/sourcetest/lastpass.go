// Package sourcetest makes throw-away homes for password managers, so that tests run the managers' real programs
// without an account, a network or a person.
package sourcetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Item is one entry of a LastPass account.
type Item struct {
	ID       string // decimal; empty: numbered from 1001
	Name     string
	Group    string // folder, may be empty
	Username string
	Password string
	URL      string // empty with a Note: the entry is a secure note, as LastPass marks it
	Note     string
	Protect  bool // the entry asks for the master password again
}

// LastPassPassword is the master password of the account of LastPassHome, for tests that take the saved key away.
const LastPassPassword = "correct horse"

const (
	lastPassUser       = "alice@example.com"
	lastPassIterations = 1000
	lastPassVerify     = "`lpass` was written by LastPass.\n"
)

// LastPassHome writes the files of somebody who is logged in to LastPass with its command line client and has its
// key saved (lpass login --plaintext-key), and returns the environment that makes the real lpass use them. lpass is
// told that its cache is fresh, and that its server and proxy are on this machine where nothing listens: what it
// uploads in the background goes nowhere, until the end of the test ends the uploader.
func LastPassHome(t testing.TB, items []Item) (env []string) {
	t.Helper()
	dir := shortDir(t)
	key := must(pbkdf2.Key(sha256.New, LastPassPassword, []byte(lastPassUser), lastPassIterations, sha256.Size))(t)
	plain := map[string]string{
		"username":       lastPassUser,
		"iterations":     strconv.Itoa(lastPassIterations),
		"plaintext_key":  string(key),
		"session_server": "127.0.0.1",
	}
	sealed := map[string]string{
		"verify":            lastPassVerify,
		"session_uid":       "1",
		"session_sessionid": "session",
		"session_token":     "token",
		"blob":              lastPassBlob(t, key, items),
	}
	for name, text := range plain {
		writeFile(t, filepath.Join(dir, name), []byte(text))
	}
	for name, text := range sealed {
		writeFile(t, filepath.Join(dir, name), seal(t, key, text))
	}
	future := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "blob"), future, future); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endUploader(filepath.Join(dir, "uploader.pid")) })
	return []string{
		"LPASS_HOME=" + dir,
		"LPASS_AUTO_SYNC_TIME=999999999", // lpass rewrites the blob, and with it the date, when it adds
		"LPASS_AGENT_DISABLE=1",
		"LPASS_ASKPASS=/bin/false", // no window, no terminal
		"HTTPS_PROXY=http://127.0.0.1:9",
	}
}

// endUploader ends the process that lpass leaves behind to upload what was added, and waits until it has ended: asked
// politely it makes its directory again.
func endUploader(pidFile string) {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || !isLastPass(pid) {
		return
	}
	p, err := os.FindProcess(pid)
	if err != nil || p.Kill() != nil {
		return
	}
	for end := time.Now().Add(5 * time.Second); isLastPass(pid) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// isLastPass reports whether the process with that id is an lpass that has not ended; one that waits for its parent
// has no command line any more.
func isLastPass(pid int) bool {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && bytes.Contains(name, []byte("lpass"))
}

// lastPassBlob encodes the items as lpass keeps them: chunks of tag, length and data, of which an ACCT has the
// fields of one entry in a fixed order, each with its length.
func lastPassBlob(t testing.TB, key []byte, items []Item) string {
	var blob bytes.Buffer
	chunk(&blob, "LPAV", []byte("1"))
	for i, item := range items {
		if item.ID == "" {
			item.ID = strconv.Itoa(1001 + i)
		}
		if item.URL == "" && item.Note != "" {
			item.URL = "http://sn"
		}
		chunk(&blob, "ACCT", account(t, key, item))
	}
	chunk(&blob, "ENDM", []byte("OK"))
	return blob.String()
}

func account(t testing.TB, key []byte, item Item) []byte {
	protect := "0"
	if item.Protect {
		protect = "1"
	}
	hidden := func(s string) string { return string(encryptItem(t, key, s)) }
	fields := []string{
		item.ID, hidden(item.Name), hidden(item.Group), hex.EncodeToString([]byte(item.URL)), hidden(item.Note),
		"0", "", hidden(item.Username), hidden(item.Password), protect, "0", "0", "1700000001",
	}
	fields = append(fields, make([]string, 13)...)        // fields that lpass skips
	fields = append(fields, "", "0", "0", "", "0")        // attachments, sharing, type of note
	fields = append(fields, "1700000000", "", "", "", "") // date of the last change
	var b bytes.Buffer
	for _, f := range fields {
		sized(&b, []byte(f))
	}
	return b.Bytes()
}

func chunk(b *bytes.Buffer, tag string, data []byte) {
	b.WriteString(tag)
	sized(b, data)
}

func sized(b *bytes.Buffer, data []byte) {
	_ = binary.Write(b, binary.BigEndian, uint32(len(data)))
	b.Write(data)
}

// encryptItem is the form of one field in the blob: "!", the IV and AES-256-CBC; empty stays empty.
func encryptItem(t testing.TB, key []byte, text string) []byte {
	if text == "" {
		return nil
	}
	return append([]byte{'!'}, encrypt(t, key, text)...)
}

// seal is the form of a whole file: HMAC-SHA-256 over what follows it, the IV and AES-256-CBC.
func seal(t testing.TB, key []byte, text string) []byte {
	body := encrypt(t, key, text)
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return append(mac.Sum(nil), body...)
}

// encrypt returns a random IV and AES-256-CBC with PKCS #7 padding.
func encrypt(t testing.TB, key []byte, text string) []byte {
	block := must(aes.NewCipher(key))(t)
	n := aes.BlockSize - len(text)%aes.BlockSize
	padded := append([]byte(text), bytes.Repeat([]byte{byte(n)}, n)...)
	out := make([]byte, aes.BlockSize+len(padded))
	_, _ = rand.Read(out[:aes.BlockSize])
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], padded)
	return out
}

// must unwraps a value whose error ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shortDir is a private directory whose path leaves room for a socket's name in 108 bytes, which t.TempDir may not.
func shortDir(t testing.TB) string {
	t.Helper()
	dir := must(os.MkdirTemp("/tmp", "ykmfa"))(t)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
