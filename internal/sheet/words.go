package sheet

import "fmt"

// The words of the sheet: for a reader who knows nothing of ykmfa, years from now.

const noteWhat = "The vault is a directory of encrypted files, one for each account. They hold the secrets from which " +
	"one-time passwords are made: the six digits that a login asks for. The key on this page decrypts every one of " +
	"them, without a password. It is for the day when all other keys to the vault are lost."

const noteCheck = "There is no letter B, I or O and no digit 1 in lines 1 to 5; small letters will do. " +
	"The two characters at the end of a line only find typing errors: the line with them, read as a number in base 32 " +
	"(digits " + alphabet + ", from 0 to 31), plus the number of the line, is a multiple of 1021."

const noteNames = "Names: letters that the fonts of this page lack are printed without their marks, and other " +
	"characters as their Unicode numbers, like [U+65E5 U+672C]. The QR codes have them as they are."

func (s *Sheet) firstPage(k *key) []block {
	return []block{
		&paragraph{style: style{sansBold, 25, 30}, text: title, tag: "h1"},
		&facts{before: 4, rows: []fact{
			{"Vault", []string{s.Vault}},
			{"Made", []string{s.date() + " by " + s.Program}},
			{"Other keys to it", orNone(s.Recipients)},
		}},
		&paragraph{style: body, before: 8, text: noteWhat},
		heading("The key"),
		k,
		&paragraph{style: small, before: 4, text: noteCheck},
		heading("How to get a code"),
		&paragraph{style: body, text: "With ykmfa: ykmfa vault recover asks for lines 1 to 5 and for a new passphrase. After that, " +
			"ykmfa vault list names the accounts, and ykmfa vault show aws prints what step 4 prints. Without ykmfa, with free programs:"},
		&step{n: 1, text: "Find the files of the vault, in the directory named above or in a copy of it: their names end in .age."},
		&step{n: 2, text: "Install age, from https://age-encryption.org or with one of these:", commands: []command{
			{"apt install age", "Debian, Ubuntu"},
			{"brew install age", "macOS"},
			{"winget install --id FiloSottile.age", "Windows"},
		}},
		&step{n: 3, text: "Make a text file identity.txt with one line in it: the text of the QR code. Or type it: " + prefix +
			" and right behind it the characters of lines 1 to 5, without blanks, line numbers and check characters."},
		&step{n: 4, text: "Decrypt the file of an account, for instance aws.age:", commands: []command{
			{"age -d -i identity.txt aws.age", ""},
		}, after: "It prints a line like otpauth://totp/Amazon:alice?secret=SECRET&issuer=Amazon"},
		&step{n: 5, text: "Type the SECRET into any authenticator app, or let the app scan the whole line as a QR code. Or make a code " +
			"with oathtool (oath-toolkit), with options for what the line says:", commands: []command{
			{"oathtool --totp -b SECRET", "most accounts"},
			{"oathtool --totp=SHA256 -d 8 -s 60s -b SECRET", "algorithm=SHA256, digits=8, period=60"},
			{"oathtool --hotp -c 7 -b SECRET", "otpauth://hotp/ and counter=7"},
		}},
		&step{n: 6, text: "Delete identity.txt, and make a new vault if anyone else may have seen this page."},
	}
}

func orNone(lines []string) []string {
	if len(lines) == 0 {
		return []string{"none"}
	}
	return lines
}

func heading(text string) *paragraph {
	return &paragraph{style: style{sansBold, 13, 17}, before: 10, text: text, tag: "h2", place: withNext}
}

func (s *Sheet) accountsHeading() block {
	return &paragraph{style: style{sansBold, 18, 24}, text: "Accounts", tag: "h2", place: newPage}
}

func (s *Sheet) accountsText() block {
	many := "The account"
	if n := len(s.Accounts); n > 1 {
		many = fmt.Sprintf("The %d accounts", n)
	}
	return &paragraph{style: body, text: many + " as of " + s.date() + ". Let an authenticator app scan the QR code, " +
		"or type the secret there, without blanks. A secret that was changed since then makes wrong codes."}
}
