package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ykmfa/internal/clipboard"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/internal/transfer"
)

// read reads all sources. What is in QR codes is put together first: an export may be spread over several pictures.
func (o *importOptions) read(ctx context.Context) error {
	resolver, done := o.app.resolver(ctx)
	defer done()
	r := &reader{options: o, resolver: resolver}
	defer func() { otpauth.Wipe(r.codes) }()
	for _, text := range o.sources {
		if err := r.source(ctx, text); err != nil {
			return o.unreadable(text, err)
		}
	}
	if r.codes != nil {
		if err := r.file(ctx, "QR", r.codes); err != nil {
			return o.unreadable("the QR codes", err)
		}
	}
	return nil
}

func (o *importOptions) unreadable(text string, err error) error {
	hint := "ykmfa import --help lists what can be read"
	var known *source.Error
	switch {
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", text, err)
	case errors.Is(err, transfer.ErrPassword):
		hint = "give the password that the export was made with"
		return fail(exitLocked, hint, "%s: %w", text, err)
	case errors.Is(err, transfer.ErrLocked), errors.Is(err, term.ErrNone):
		return fail(exitLocked, "run it on a terminal, or set YKMFA_IMPORT_PASSWORD_COMMAND", "%s: %w", text, err)
	case errors.Is(err, transfer.ErrUnknown):
	default:
		hint = ""
	}
	return fail(exitFailed, hint, "%s: %w", text, err)
}

// reader reads sources one after the other.
type reader struct {
	options  *importOptions
	resolver *source.Resolver
	codes    []byte // what QR codes held, one on a line
}

func (r *reader) source(ctx context.Context, text string) error {
	switch folder, isPass := strings.CutPrefix(text, "pass:"); {
	case isPass:
		return r.pass(ctx, folder)
	case text == "clipboard" || text == "qr:clipboard":
		return r.clipboard(ctx)
	case text == "-" || text == "qr:-":
		data, err := io.ReadAll(io.LimitReader(r.options.app.Stdin, transfer.MaxSize+1))
		if err != nil {
			return err
		}
		return r.content(ctx, text, data)
	}
	return r.path(ctx, strings.TrimPrefix(strings.TrimPrefix(text, "file:"), "qr:"))
}

func (r *reader) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return r.directory(ctx, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, transfer.MaxSize+1))
	if err != nil {
		return err
	}
	if source.IsKeePass(data) {
		csv, err := r.resolver.KeePassXCExport(ctx, name)
		if err != nil {
			return err
		}
		return r.file(ctx, name, csv)
	}
	return r.content(ctx, name, data)
}

// directory reads the files in a directory, or the store of pass that it is.
func (r *reader) directory(ctx context.Context, dir string) error {
	if source.IsPassStore(dir) {
		r.resolver.Environ = append(slices.Clone(r.options.app.Environ), "PASSWORD_STORE_DIR="+dir)
		r.resolver.Getenv = func(name string) string {
			if name == "PASSWORD_STORE_DIR" {
				return dir
			}
			return r.options.app.getenv(name)
		}
		return r.pass(ctx, "")
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") || !f.Type().IsRegular() {
			continue
		}
		if err := r.path(ctx, filepath.Join(dir, f.Name())); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return nil
}

// content reads a picture or any other file, and wipes it.
func (r *reader) content(ctx context.Context, name string, data []byte) error {
	defer otpauth.Wipe(data)
	if !source.IsPicture(data) {
		return r.file(ctx, name, data)
	}
	return r.picture(ctx, data)
}

func (r *reader) picture(ctx context.Context, data []byte) error {
	codes, err := decodeQR(ctx, data)
	for _, code := range codes {
		r.codes = append(append(r.codes, bytes.ReplaceAll(code, []byte("\n"), []byte(" "))...), '\n')
		otpauth.Wipe(code)
	}
	return err
}

func (r *reader) clipboard(ctx context.Context) error {
	data, err := clipboard.Image(ctx)
	if errors.Is(err, clipboard.ErrEmpty) {
		data, err = clipboard.Text(ctx)
	}
	if err != nil {
		return err
	}
	return r.content(ctx, "clipboard", data)
}

// pass reads the otpauth URIs in the entries of the password store.
func (r *reader) pass(ctx context.Context, folder string) error {
	names, err := r.resolver.PassEntries(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := r.resolver.PassText(ctx, name)
		if err != nil {
			return err
		}
		if len(text) == 0 {
			continue
		}
		err = r.file(ctx, "pass:"+name, text)
		otpauth.Wipe(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// file reads an export.
func (r *reader) file(ctx context.Context, name string, data []byte) error {
	f, err := transfer.Read(ctx, transfer.Input{Data: data, Password: r.password})
	if err != nil {
		return err
	}
	o := r.options
	o.app.detail("%s: %s, %s", name, f.Format, entries(len(f.Entries)))
	o.missing = append(o.missing, f.Missing...)
	for _, e := range f.Entries {
		where := e.Where
		if len(o.sources) > 1 || strings.HasPrefix(name, "pass:") {
			where = filepath.Base(name) + ", " + where
		}
		i := &incoming{where: where, title: e.Title, params: e.Params, why: e.Err}
		if o.wanted(i) {
			o.found = append(o.found, i)
		} else {
			otpauth.Wipe(e.Params.Secret)
		}
	}
	return nil
}

func (r *reader) password(ctx context.Context, question string) ([]byte, error) {
	a := r.options.app
	if ways := a.scriptWays("YKMFA_IMPORT_PASSWORD"); len(ways) > 0 {
		return ways[0].get(ctx)
	}
	return a.askSecret(ctx, strings.ToUpper(question[:1])+question[1:]+":")
}

// wanted reports whether --only means an entry. A bad one has no name: it is always shown.
func (o *importOptions) wanted(i *incoming) bool {
	if len(o.only) == 0 || i.why != nil && i.title == "" {
		return true
	}
	p := i.params
	for _, pattern := range o.only {
		for _, text := range []string{p.Issuer, p.Account, p.Issuer + ":" + p.Account, i.title} {
			if matchesPattern(pattern, text) {
				return true
			}
		}
	}
	return false
}

// matchesPattern compares without regard to case. A pattern without * and ? may be any part.
func matchesPattern(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	if !strings.ContainsAny(pattern, "*?[") {
		return pattern != "" && strings.Contains(text, pattern)
	}
	ok, err := path.Match(pattern, strings.ReplaceAll(text, "/", "\x00"))
	return ok && err == nil
}

// pick asks which of a list are meant: numbers, ranges of them, or Enter for all.
func pick(ctx context.Context, t *term.Terminal, n int) ([]bool, error) {
	for {
		answer, err := t.Ask(ctx, fmt.Sprintf("Which? (numbers and ranges as 1 3-5; Enter for all %d):", n))
		if err != nil {
			return nil, err
		}
		chosen, err := parsePick(answer, n)
		if err == nil {
			return chosen, nil
		}
		t.Printf("%v\n", err)
	}
}

func parsePick(answer string, n int) ([]bool, error) {
	chosen := make([]bool, n)
	words := strings.FieldsFunc(answer, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		for i := range chosen {
			chosen[i] = true
		}
	}
	for _, word := range words {
		first, last, isRange := strings.Cut(word, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 1 || to > n || from > to {
			return nil, fmt.Errorf("%q is none of 1 to %d", word, n)
		}
		for i := from; i <= to; i++ {
			chosen[i-1] = true
		}
	}
	return chosen, nil
}
