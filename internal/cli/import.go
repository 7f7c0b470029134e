package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
)

type importOptions struct {
	app     *app
	sources []string

	only     []string
	selects  bool
	skipBad  bool
	backupTo string
	noBackup bool
	noKey    bool
	allKeys  bool
	touch    bool

	found    []*incoming // all that the sources have, in their order
	missing  []string    // what belongs to an export and was not there
	accounts []account.Account
	restore  *restoreOptions // nil: no key takes part
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{app: a}
	c := &cobra.Command{
		Use:   "import SOURCE...",
		Short: "Many accounts at once (URIs, QR images, exports of other apps)",
		Long: `Take accounts from what other programs export. What it is, is seen from its content:

  otpauth URIs, one on a line; otpauth-migration URIs of Google Authenticator
  pictures with QR codes (PNG, JPEG, GIF, WebP), those of Google Authenticator included: all parts, in any order
  Aegis, 2FAS, Ente Auth, andOTP, Bitwarden, Stratum: plain or encrypted; 1Password (1PUX), Proton Authenticator,
  FreeOTP+, Duo; CSV of KeePassXC, LastPass, Bitwarden, 1Password and others; PSKC (RFC 6030); KeePass databases (.kdbx)

SOURCE is a file, a directory of files, - (standard input), clipboard, pass:[FOLDER], or a directory of pass. The
password of an encrypted export comes from the program that YKMFA_IMPORT_PASSWORD_COMMAND names, from the file
descriptor that YKMFA_IMPORT_PASSWORD_FD names, or from a prompt.

Each account goes to its backup first (the vault, or --backup-to), which is read back, then onto the key, which is
proven to hold the same secret, as restore does it. Whether all fit on the key is known before anything is written.
What is there with another secret, on the key or in the backup, is left alone. What no YubiKey can hold is named and
left out. If anything in a file cannot be read, nothing is imported, unless --skip-bad. Interrupted at any point, run
it again: it finishes.

--dry-run prints what would become of each account, and under which name. An export is as secret as what is in it:
remove it afterwards.

--json prints {entries, missing, dry_run, keys}: of each entry {where, name, id, issuer, account, title, backup, state,
same_as, error}, where state is new, known, different, duplicate, cannot-be-stored or bad; missing are the parts of an
export that were not there; keys is what restore --json prints.

Exit codes: 0 everything is in its backup, and on the key; 7 something differs and was left alone; 8 a backup could not
be written; 4 the password of an export is wrong or was not given; 1 something cannot be read, or stored, or does not
fit.`,
		Example: "  ykmfa import aegis-export.json --dry-run\n  ykmfa import screenshot1.png screenshot2.png --only 'GitHub*'\n" +
			"  ykmfa import clipboard --backup-to pass:mfa/{}\n  ykmfa import export.2fas --no-key",
		RunE: func(c *cobra.Command, args []string) error {
			if o.sources = args; len(args) == 0 {
				return usage(c.UseLine(), "SOURCE is missing")
			}
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.only, "only", nil, "only what matches a `PATTERN` (issuer, account or name; * and ?); repeatable")
	f.BoolVar(&o.selects, "select", false, "choose from a list, on the terminal")
	f.BoolVar(&o.skipBad, "skip-bad", false, "import what is good of a file that has bad entries")
	f.StringVar(&o.backupTo, "backup-to", "", "write the secrets to `REF`, in which {} is the account's name (default vault:{})")
	f.BoolVar(&o.noBackup, "no-backup", false, "the secrets are kept nowhere but on the key")
	f.BoolVar(&o.noKey, "no-key", false, "only to the backup and the account file: ykmfa restore writes a key later")
	f.BoolVar(&o.allKeys, "all-keys", false, "onto every key that is plugged in")
	f.BoolVar(&o.touch, "touch", false, "each code needs a touch")
	f.BoolVar(&a.onlyLook, "dry-run", false, "say what would be done, and do nothing")
	return c
}

func (o *importOptions) run(ctx context.Context) error {
	if err := o.check(); err != nil {
		return err
	}
	defer o.wipe()
	if err := o.read(ctx); err != nil {
		return err
	}
	if err := o.judge(ctx); err != nil {
		return err
	}
	if err := o.checkPlaces(); err != nil {
		return err
	}
	o.announce()
	err := o.refuse()
	switch {
	case err != nil:
	case o.noKey:
		err = o.withoutKey(ctx)
	default:
		err = o.ontoKeys(ctx)
	}
	if printed := o.print(); printed != nil {
		return printed
	}
	if err == nil || o.app.onlyLook {
		err = worse(err, o.verdict())
	}
	return err
}

// check settles the flags, and finds out early what cannot work.
func (o *importOptions) check() error {
	accounts, err := o.app.accounts()
	if err != nil {
		return err
	}
	o.accounts = accounts
	switch {
	case o.noBackup && o.backupTo != "":
		return usage("", "--no-backup and --backup-to exclude each other")
	case o.noBackup && o.noKey:
		return usage("leave one of them out", "--no-backup and --no-key together keep the secrets nowhere")
	case o.noKey && o.allKeys:
		return usage("", "--no-key and --all-keys exclude each other")
	case o.backupTo == "" && !o.noBackup:
		if !o.app.openVault().Exists() && !o.app.onlyLook {
			return usage("ykmfa vault init makes one; --backup-to pass:mfa/{} takes another place; --no-backup goes without",
				"the secrets need a backup, and there is no vault")
		}
		o.backupTo = "vault:{}"
	}
	if o.backupTo != "" && !o.app.onlyLook {
		if _, err := o.place("name"); err != nil {
			return err
		}
	}
	c, err := o.app.settings()
	if err == nil && c.Touch == account.TouchRequired {
		o.touch = true
	}
	return err
}

// checkPlaces refuses one place for several secrets.
func (o *importOptions) checkPlaces() error {
	if o.backupTo == "" || len(o.taken()) < 2 {
		return nil
	}
	one, err := o.place("one")
	other, err2 := o.place("other")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if one == other {
		return usage("for example --backup-to pass:mfa/{}", "--backup-to %s would be the place of several secrets: {} is where their names go", o.backupTo)
	}
	return nil
}

func (o *importOptions) wipe() {
	for _, i := range o.found {
		otpauth.Wipe(i.params.Secret)
	}
}

// refuse stops before anything is written when something in the files is bad.
func (o *importOptions) refuse() error {
	bad := 0
	for _, i := range o.found {
		if i.bad() {
			bad++
		}
	}
	if bad == 0 || o.skipBad || o.app.onlyLook {
		return nil
	}
	return fail(exitFailed, "--skip-bad imports the others", "%d of %s cannot be read: nothing was imported", bad, entries(len(o.found)))
}

// verdict is the error for what was not imported and should not be passed over.
func (o *importOptions) verdict() error {
	if len(o.found) == 0 {
		if len(o.only) > 0 {
			return fail(exitFailed, "--dry-run without --only shows what is there", "no account was found that --only wants")
		}
		return fail(exitFailed, "is it the right file? ykmfa import --help lists what can be read", "no account was found")
	}
	left := 0
	for _, i := range o.found {
		if i.why != nil {
			left++
		}
		if code, hint := advise(i.why); code == exitDiffer {
			return fail(code, hint, "%w", i.why)
		}
	}
	switch {
	case o.skipBad:
		return nil
	case left > 0:
		return fail(exitFailed, "--skip-bad passes over them", "%d of %s cannot be imported", left, entries(len(o.found)))
	case len(o.missing) > 0:
		return fail(exitFailed, "give all of them: ykmfa import FILE...", "the export is not complete: %s", list(o.missing))
	}
	return nil
}

// taken are those that will be imported.
func (o *importOptions) taken() (taken []*incoming) {
	for _, i := range o.found {
		if i.why == nil && i.twin == nil {
			taken = append(taken, i)
		}
	}
	return taken
}
