package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ykmfa/internal/account"
	"ykmfa/internal/otpauth"
	"ykmfa/oath"
)

type addOptions struct {
	app  *app
	name string

	secretFrom, backupTo string
	noBackup             bool

	issuer, account, algorithm string
	digits, period             int
	counter                    uint64
	hotp, touch                bool
	allKeys, force             bool
	touchSet                   bool // touch is as a flag, or the configuration file, says

	changed func(flag string) bool // whether a flag was given
	results []added                // what --json prints, one for each key
}

// added is what --json prints of a key; with --all-keys a list.
type added struct {
	Name string `json:"name"`
	credentialID
	Serial  uint32 `json:"serial,omitempty"`
	Device  string `json:"device"`
	Backup  string `json:"backup,omitempty"`
	Wrote   bool   `json:"wrote"`
	Adopted bool   `json:"adopted,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"`
}

func newAdd(a *app) *cobra.Command {
	o := &addOptions{app: a}
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Put an account on the key, from its backup",
		Long: `Put an account on the key, from where its secret is backed up, and prove that both hold the same secret.
Only what is proven is recorded. Run again, it changes nothing.

What another program put on the key is adopted: where NAME is no account and, as with other commands, means exactly one
credential that no account names (all of its id, the part after the issuer, or a part that only one has), or where
--issuer and --account spell its id, it becomes the account NAME once it is proven equal to the secret. Nothing is
written to the key then. --account NAME puts a new one beside it.

A secret reference is one of
  lpass:NAME                  LastPass (lpass)
  op://VAULT/ITEM, op:ITEM    1Password (op)
  bw:NAME                     Bitwarden (bw)
  pass:PATH, gopass:PATH      the password store
  keepassxc:DB.kdbx#ENTRY     KeePassXC (keepassxc-cli)
  keyring:NAME                the keyring of the desktop
  vault:NAME                  ykmfa's own encrypted store: ykmfa vault --help
  hcvault:MOUNT/PATH          HashiCorp Vault (vault) or OpenBao (bao)
  aws-sm:ID, aws-ssm:NAME     AWS Secrets Manager, Parameter Store (aws)
  file:PATH                   a file with the secret or an otpauth URI
  cmd:PROGRAM ARG...          a program that prints it
  SOURCE:NAME                 one of your own, from [sources.SOURCE] in config.toml
  -, prompt, env:VAR,         stdin, a question, the environment, a picture with a QR code (qr:- and qr:clipboard, too):
  qr:IMAGE                    no backup, so the secret goes to the vault, --backup-to REF, or nowhere with --no-backup
A manager alone, as in "--secret-from lpass", is its entry called NAME. #FIELD at the end names a field.`,
		Example: "  ykmfa add aws --secret-from lpass\n  ykmfa add github --secret-from prompt --backup-to pass:mfa/github --touch",
		Args:    exactArgs("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.changed = args[0], c.Flags().Changed
			return o.run(c.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.secretFrom, "secret-from", "", "where the secret is: a secret reference `REF`")
	f.StringVar(&o.backupTo, "backup-to", "", "write the secret to `REF` first, and read it back")
	f.BoolVar(&o.noBackup, "no-backup", false, "the secret is kept nowhere but on the key")
	f.StringVar(&o.issuer, "issuer", "", "issuer part of the credential id")
	f.StringVar(&o.account, "account", "", "account part of the credential id (NAME unless the source says)")
	f.BoolVar(&o.touch, "touch", false, "each code needs a touch")
	f.IntVar(&o.digits, "digits", 6, "length of the code: 6, 7 or 8")
	f.IntVar(&o.period, "period", 30, "how long a code lives, in `SECONDS`")
	f.StringVar(&o.algorithm, "algorithm", "SHA1", "SHA1, SHA256 or SHA512")
	f.BoolVar(&o.hotp, "hotp", false, "codes by counter (HOTP) instead of by time")
	f.Uint64Var(&o.counter, "counter", 0, "HOTP: the counter of the next code")
	f.BoolVar(&o.allKeys, "all-keys", false, "on every key that is plugged in")
	f.BoolVar(&o.force, "force", false, "overwrite what is on the key under this id")
	f.BoolVar(&a.onlyLook, "dry-run", false, "say what would be done, and do nothing")
	return c
}

func (o *addOptions) run(ctx context.Context) error {
	p, err := o.plan(ctx)
	if err != nil {
		return err
	}
	defer otpauth.Wipe(p.params.Secret)
	if p.writeTo != nil && !o.app.onlyLook { // before any key sees the secret
		if err := o.adoptFirst(ctx, p); err != nil {
			return err
		}
		if err := o.app.backUp(ctx, o.name, p.account.ID, p.params, *p.writeTo); err != nil {
			return err
		}
	}
	err = o.app.onKeys(ctx, o.allKeys, p.account.ID, func(k *key) error { return o.onOne(ctx, k, p) })
	if printed := o.printResults(); printed != nil {
		return printed
	}
	return err
}

func (o *addOptions) printResults() error {
	switch {
	case len(o.results) == 0:
		return nil
	case o.allKeys:
		return o.app.printJSON(o.results)
	}
	return o.app.printJSON(o.results[0])
}

// onOne puts the account on one key, or finds that it is there, proves it and records it.
func (o *addOptions) onOne(ctx context.Context, k *key, p *plan) error {
	written, err := o.put(ctx, k, p)
	if err != nil {
		return err
	}
	if o.app.onlyLook {
		o.result(k, p, written, "would be put on", "is on")
		return nil
	}
	if err := o.record(k, p); err != nil {
		return fail(exitFailed, recordHint, "%s is on %v and proven, but could not be recorded: %w", o.name, k, err)
	}
	o.result(k, p, written, "on", "already on")
	return nil
}

// put returns whether it wrote.
func (o *addOptions) put(ctx context.Context, k *key, p *plan) (bool, error) {
	list, err := k.List()
	if err != nil {
		return false, err
	}
	if adopted, err := o.adopt(ctx, k, p, list); adopted || err != nil {
		return false, err
	}
	there, found := find(list, p.account.ID)
	if found {
		same, err := o.alreadyThere(ctx, k, p, there)
		if same || err != nil {
			return false, err
		}
	} else if n := k.Capacity(); n > 0 && len(list) >= n {
		return false, fmt.Errorf("%w: it holds %d of %d accounts", oath.ErrFull, len(list), n)
	}
	if o.app.onlyLook {
		return true, nil
	}
	return true, o.app.write(ctx, k, p.credential(), p.params, found)
}

// alreadyThere proves that the credential on the key has the secret of the backup. A different one is only passed
// over with --force.
func (o *addOptions) alreadyThere(ctx context.Context, k *key, p *plan, there oath.Credential) (same bool, err error) {
	if err = o.app.proveThere(ctx, k, there, p.account.Touch, p.params); err == nil {
		err = o.touchThere(k, p)
	}
	switch {
	case err == nil:
		return true, nil
	case o.force && (errors.Is(err, errDiffer) || errors.Is(err, errUnprovable)):
		return false, nil
	case errors.Is(err, errUnprovable):
		return false, fail(exitFailed, "--force writes it again from the backup, at the counter of --counter", "%w", err)
	}
	return false, err
}

// touchThere compares the touch flag, which only the key knows, and records what it says of an account that is new here.
func (o *addOptions) touchThere(k *key, p *plan) error {
	if p.account.Type != oath.TOTP || !p.adopted && !o.touchSet {
		return nil
	}
	touched, err := k.touchFlags()
	if err != nil {
		return err
	}
	touch := touched[string(p.account.ID)]
	if o.touchSet && touch != o.touch {
		return fail(exitDiffer, "--force writes it again, with --touch="+strconv.FormatBool(o.touch),
			"%s is on %v with the same secret, but touch is %v there: %w", o.name, k, touch, errDiffer)
	}
	p.account.Touch = touch
	return nil
}

// record writes the account file and what was seen on the key.
func (o *addOptions) record(k *key, p *plan) error {
	err := account.Update(o.app.paths.Accounts, func(f *account.File) error { return f.Put(p.account) })
	if err != nil {
		return err
	}
	o.app.updateKey(k, func(known *account.Key) { verified(known, p.account, p.account.Touch, o.app.Now()) })
	return nil
}

func (o *addOptions) result(k *key, p *plan, written bool, done, before string) {
	how := done
	if !written {
		how = before
	}
	if p.stranger && !written {
		how = fmt.Sprintf("%s %q on", map[bool]string{false: "adopted", true: "would adopt"}[o.app.onlyLook], p.account.ID)
	}
	proof := "proven equal to " + p.from.String()
	if p.writeTo != nil {
		proof = "proven equal to " + p.writeTo.String()
	}
	if o.app.onlyLook && written {
		proof = "from " + p.from.String()
	}
	if p.account.Backup == "" {
		proof += "; it has no backup"
	}
	if o.app.json {
		o.results = append(o.results, added{
			o.name, jsonID(p.account.ID), k.serial(), k.DeviceID(), p.account.Backup, written, p.stranger && !written, o.app.onlyLook,
		})
		return
	}
	o.app.say("%s: %s %v, %s", o.name, how, k, proof)
}
