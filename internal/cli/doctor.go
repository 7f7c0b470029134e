package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ykmfa/internal/term"
	"ykmfa/internal/vault"
	"ykmfa/oath"
)

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "What is wrong with this machine or this key, and the exact fix",
		Args:  exactArgs(),
		RunE:  func(c *cobra.Command, _ []string) error { return a.runDoctor(c.Context()) },
	}
}

// finding is the result of one check.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"`

	err error
}

func (a *app) runDoctor(ctx context.Context) error {
	findings := a.examine(ctx)
	if a.json {
		if err := a.printJSON(findings); err != nil {
			return err
		}
	} else {
		a.printFindings(findings)
	}
	healthy := false
	var first *finding
	for i, f := range findings {
		healthy = healthy || f.Check == "applet" && f.OK
		if !f.OK && first == nil {
			first = &findings[i]
		}
	}
	if first == nil || healthy && first.Check == "applet" {
		return nil
	}
	code, _ := advise(first.err)
	return fail(code, first.Fix, "%s: %s", first.Check, first.Found)
}

func (a *app) printFindings(findings []finding) {
	for _, f := range findings {
		mark := "ok  "
		if !f.OK {
			mark = "BAD "
		}
		fmt.Fprintln(a.Stdout, mark, term.Clean(f.Check+": "+f.Found))
		if f.Fix != "" {
			fmt.Fprintln(a.Stdout, "      fix:", term.Clean(f.Fix))
		}
	}
}

// examine goes from the machine towards the key, and stops where nothing further can be seen.
func (a *app) examine(ctx context.Context) []finding {
	_, err := a.accounts()
	findings := []finding{check("account file", a.paths.Accounts, err)}
	if v := a.openVault(); v.Exists() {
		findings = append(findings, examineVault(v))
	}
	readers, err := a.Cards.Readers(ctx)
	service := err
	if errors.Is(err, ErrNoReader) || errors.Is(err, ErrNoCard) {
		service = nil
	}
	findings = append(findings, check("smart card service", "it answers", service))
	if service != nil {
		return findings
	}
	findings = append(findings, check("readers", fmt.Sprintf("%d with a card", len(readers)), err))
	for _, reader := range readers {
		k, err := a.openReader(ctx, reader)
		if err != nil {
			findings = append(findings, check("applet", fmt.Sprintf("%q", reader), fmt.Errorf("%q: %w", reader, err)))
			continue
		}
		findings = append(findings, a.examineKey(k))
		k.close()
	}
	return findings
}

// examineVault looks at the vault from outside: vault check opens it.
func examineVault(v *vault.Vault) finding {
	names, err := v.List()
	var recipients []vault.Recipient
	if err == nil {
		recipients, err = v.Recipients()
	}
	if err == nil && v.Pending() {
		err = fail(exitFailed, "ykmfa vault rekey", "a change of its recipients is not finished")
	}
	return check("vault", fmt.Sprintf("%s, %s, %s", v.Dir, entries(len(names)), plural(len(recipients), "recipient")), err)
}

func (a *app) examineKey(k *key) finding {
	if err := a.identify(k); err != nil {
		return check("applet", k.reader, onKeyError(k, err))
	}
	lock := "no password"
	if k.HasPassword() {
		lock = "locked by a password"
		if access, err := a.keyring.Get(k.DeviceID()); err == nil && access != nil {
			lock += ", which is remembered"
		}
	}
	return check("applet", fmt.Sprintf("%v in %q, firmware %s, %s", k, k.reader, k.known().Firmware, lock), a.examineList(k))
}

// examineList finds a damaged applet, as far as a locked key lets one see.
func (a *app) examineList(k *key) error {
	if k.Locked() {
		return nil
	}
	_, err := k.List()
	if errors.Is(err, oath.ErrCorrupt) {
		return fail(exitFailed, "a credential on the key is damaged: ykmfa code shows the others; then remove it", "%w", err)
	}
	return err
}

func check(name, found string, err error) finding {
	f := finding{Check: name, OK: err == nil, Found: found, err: err}
	if err != nil {
		f.Found = strings.TrimPrefix(err.Error(), name+": ")
		_, f.Fix = advise(err)
	}
	return f
}
