package cli

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"ykmfa/internal/term"
)

// table is aligned columns under a heading on a terminal, and fields separated by tabs, without a heading, in a pipe.
type table struct {
	app  *app
	tty  bool
	rows [][]string
}

func (a *app) table(heading ...string) *table {
	t := &table{app: a, tty: term.IsTerminal(a.Stdout)}
	if t.tty {
		t.rows = append(t.rows, heading)
	}
	return t
}

func (t *table) row(fields ...string) {
	for i := range fields {
		fields[i] = term.Clean(fields[i])
	}
	t.rows = append(t.rows, fields)
}

func (t *table) flush() error {
	var b strings.Builder
	widths := t.widths()
	for _, row := range t.rows {
		b.WriteString(t.line(row, widths))
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(t.app.Stdout, b.String())
	return err
}

func (t *table) line(row []string, widths []int) string {
	if !t.tty {
		return strings.Join(row, "\t")
	}
	var b strings.Builder
	for i, field := range row {
		b.WriteString(field)
		b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(field)+2))
	}
	return strings.TrimRight(b.String(), " ")
}

func (t *table) widths() []int {
	var widths []int
	for _, row := range t.rows {
		for i, field := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(field))
		}
	}
	return widths
}

// printJSON prints data for --json.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// credentialID is a credential id in what --json prints. Where it is not UTF-8, id_hex tells it apart from others, as
// in the account file.
type credentialID struct {
	ID  string `json:"id"`
	Hex string `json:"id_hex,omitempty"`
}

func jsonID(id []byte) credentialID {
	c := credentialID{ID: string(id)}
	if !utf8.Valid(id) {
		c.Hex = hex.EncodeToString(id)
	}
	return c
}

// tell is say for what --json has on stdout.
func (a *app) tell(format string, args ...any) {
	if !a.json {
		a.say(format, args...)
	}
}
