package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ykmfa/internal/clipboard"
	"ykmfa/internal/otpauth"
	"ykmfa/internal/source"
	"ykmfa/internal/term"
	"ykmfa/internal/transfer"
)

// read reads all sources. The parts of a migration are put together at the end: they may be spread over several pictures.
func (o *importOptions) read(ctx context.Context) error {
	resolver, done := o.app.resolver(ctx)
	defer done()
	r := &reader{options: o, resolver: resolver, named: len(o.sources) > 1}
	defer func() { otpauth.Wipe(r.parts) }()
	for _, text := range o.sources {
		err := r.source(ctx, text)
		if err != nil && len(o.sources) > 1 {
			err = r.unread(ctx, text, err)
		}
		if err != nil {
			return unreadable(text, err)
		}
	}
	if r.parts == nil {
		return nil
	}
	if err := r.migration(ctx); err != nil {
		return unreadable("the QR codes", err)
	}
	return nil
}

func unreadable(text string, err error) error {
	var known *source.Error
	switch {
	case errors.As(err, &known) && known.Kind == source.KindLocked:
		return fail(exitLocked, known.Hint, "%s: %w", text, err)
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", text, err)
	case errors.Is(err, transfer.ErrPassword):
		return fail(exitLocked, "give the password that the export was made with", "%s: %w", text, err)
	case errors.Is(err, transfer.ErrLocked), errors.Is(err, term.ErrNone):
		return fail(exitLocked, "run it on a terminal, or set YKMFA_IMPORT_PASSWORD_COMMAND", "%s: its password: %w", text, err)
	case errors.Is(err, transfer.ErrUnknown):
		return fail(exitFailed, "ykmfa import --help lists what can be read", "%s: %w", text, err)
	}
	var path *fs.PathError
	if errors.As(err, &path) { // it names the file, too
		err = path.Err
	}
	if _, hint := advise(err); hint != "" {
		return fmt.Errorf("%s: %w", text, err)
	}
	return fail(exitFailed, "", "%s: %w", text, err)
}

// reader reads sources one after the other.
type reader struct {
	options  *importOptions
	resolver *source.Resolver
	named    bool     // an entry is told with the name of its file: there are several
	parts    []byte   // of migrations in QR codes, one on a line
	places   []string // where each of the lines came from
}

func (r *reader) source(ctx context.Context, text string) error {
	switch folder, isPass := strings.CutPrefix(text, "pass:"); {
	case isPass:
		return r.pass(ctx, folder)
	case text == "clipboard" || text == "qr:clipboard":
		return r.clipboard(ctx)
	case text == "-" || text == "qr:-":
		data, err := readAll(r.options.app.Stdin, 0)
		if err != nil {
			return err
		}
		return r.content(ctx, "standard input", data)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(text, "file:"), "qr:")
	if below, ok := strings.CutPrefix(name, "~/"); ok { // after a prefix the shell leaves it as it is
		name = filepath.Join(r.options.app.getenv("HOME"), below)
	}
	return r.path(ctx, name)
}

func (r *reader) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return r.directory(ctx, name)
	}
	data, err := readFile(name, info)
	if err != nil {
		return err
	}
	if source.IsKeePass(data) {
		return r.keePass(ctx, name)
	}
	return r.content(ctx, filepath.Base(name), data)
}

// keePass reads a database, whose password comes from where those of exports come from.
func (r *reader) keePass(ctx context.Context, name string) error {
	resolver, done := r.options.app.resolver(ctx)
	defer done()
	if ways := r.options.app.scriptWays("YKMFA_IMPORT_PASSWORD"); len(ways) > 0 {
		resolver.Prompt = func(ctx context.Context, _ string) ([]byte, error) { return ways[0].get(ctx) }
	}
	csv, err := resolver.KeePassXCExport(ctx, name)
	if err != nil {
		return err
	}
	defer otpauth.Wipe(csv)
	return r.file(ctx, filepath.Base(name), csv)
}

// directory reads the files in a directory, or the store of pass that it is.
func (r *reader) directory(ctx context.Context, dir string) error {
	if source.IsPassStore(dir) {
		return r.passStore(ctx, dir)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	defer func(was bool) { r.named = was }(r.named)
	r.named = true
	for _, f := range files {
		name := filepath.Join(dir, f.Name())
		info, err := os.Stat(name) // of what a link leads to
		if strings.HasPrefix(f.Name(), ".") || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err := r.path(ctx, name); err != nil {
			if err := r.unread(ctx, f.Name(), err); err != nil {
				return fmt.Errorf("%s: %w", f.Name(), err)
			}
		}
	}
	return nil
}

// unread makes a bad entry of a file among others that cannot be read, so that all of them are named. What another file would
// not get over either is returned: a password that nobody gave, a program that failed.
func (r *reader) unread(ctx context.Context, name string, err error) error {
	var own *Error
	var known *source.Error
	if ctx.Err() != nil || errors.As(err, &own) || errors.As(err, &known) || errors.Is(err, term.ErrNone) ||
		errors.Is(err, transfer.ErrPassword) || errors.Is(err, transfer.ErrLocked) {
		return err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	r.options.found = append(r.options.found, &incoming{where: name, why: err})
	return nil
}

// content reads a picture or any other file, and wipes it.
func (r *reader) content(ctx context.Context, name string, data []byte) error {
	defer otpauth.Wipe(data)
	if !source.IsPicture(data) {
		return r.file(ctx, name, data)
	}
	return r.picture(ctx, name, data)
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
	return r.passEntries(ctx, r.resolver, folder)
}

// passStore reads the store in a directory.
func (r *reader) passStore(ctx context.Context, dir string) error {
	resolver, done := r.options.app.resolver(ctx)
	defer done()
	resolver.Environ = append(slices.Clone(r.options.app.Environ), "PASSWORD_STORE_DIR="+dir)
	resolver.Getenv = func(name string) string {
		if name == "PASSWORD_STORE_DIR" {
			return dir
		}
		return r.options.app.getenv(name)
	}
	return r.passEntries(ctx, resolver, "")
}

func (r *reader) passEntries(ctx context.Context, resolver *source.Resolver, folder string) error {
	names, err := resolver.PassEntries(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := resolver.PassText(ctx, name)
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
	return r.entries(ctx, data, func(where string) string {
		if r.named || strings.HasPrefix(name, "pass:") {
			return name + ", " + where
		}
		return where
	})
}

// entries takes what is in an export; at says where an entry is.
func (r *reader) entries(ctx context.Context, data []byte, at func(where string) string) error {
	f, err := transfer.Read(ctx, transfer.Input{Data: data, Password: r.password})
	if err != nil {
		return err
	}
	o := r.options
	o.app.detail("%s: %s", f.Format, entries(len(f.Entries)))
	o.missing = append(o.missing, f.Missing...)
	for _, e := range f.Entries {
		i := &incoming{where: at(e.Where), title: e.Title, params: e.Params, why: e.Err}
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
