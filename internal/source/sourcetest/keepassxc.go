package sourcetest

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// KeePassPassword is the password of the database of KeePassXC.
const KeePassPassword = "correct horse"

// KeePassEntry is one entry of a KeePassXC database.
type KeePassEntry struct {
	Group  string // empty: the root
	Title  string
	Fields map[string]string // attributes: Password, Notes, otp, ...
}

// KeePassXC makes a database with the real keepassxc-cli, and returns its path.
func KeePassXC(t testing.TB, entries []KeePassEntry) (path string) {
	t.Helper()
	Need(t, "keepassxc-cli", "keepassxc")
	dir := t.TempDir()
	path = filepath.Join(dir, "test.kdbx")
	writeFile(t, filepath.Join(dir, "in.xml"), keePassXML(entries))
	twice := strings.NewReader(KeePassPassword + "\n" + KeePassPassword + "\n")
	tool(t, nil, twice, "keepassxc-cli", "import", "-q", "-p", filepath.Join(dir, "in.xml"), path)
	return path
}

// Need skips a test whose program is not installed, but not under CI.
func Need(t testing.TB, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed: apt install %s", program, debianPackage)
}

// keePassXML writes the entries in the format of KeePass 2.
func keePassXML(entries []KeePassEntry) []byte {
	var groups []string
	inside := map[string]*bytes.Buffer{"": {}}
	id := byte(1)
	for _, e := range entries {
		if inside[e.Group] == nil {
			inside[e.Group], groups = &bytes.Buffer{}, append(groups, e.Group)
		}
		b := inside[e.Group]
		id++
		fmt.Fprintf(b, "<Entry><UUID>%s</UUID>", keePassID(id))
		keePassString(b, "Title", e.Title)
		for name, value := range e.Fields {
			keePassString(b, name, value)
		}
		b.WriteString("</Entry>")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<KeePassFile><Meta><DatabaseName>test</DatabaseName></Meta><Root><Group><UUID>%s</UUID><Name>Root</Name>%s", keePassID(1), inside[""])
	for _, g := range groups {
		id++
		fmt.Fprintf(&b, "<Group><UUID>%s</UUID><Name>%s</Name>%s</Group>", keePassID(id), g, inside[g])
	}
	b.WriteString("</Group></Root></KeePassFile>")
	return b.Bytes()
}

func keePassString(b *bytes.Buffer, name, value string) {
	fmt.Fprintf(b, "<String><Key>%s</Key><Value>", name)
	_ = xml.EscapeText(b, []byte(value))
	b.WriteString("</Value></String>")
}

func keePassID(n byte) string {
	id := make([]byte, 16)
	id[15] = n
	return base64.StdEncoding.EncodeToString(id)
}
