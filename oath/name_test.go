package oath_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ykmfa/oath"
)

// What ykman makes of the same ids; where its versions differ, the newer one.
func TestParseName(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		id         string
		totp, hotp oath.Name
	}{
		{"20/issuer:account", oath.Name{"issuer", "account", 20 * s}, oath.Name{"20/issuer", "account", 0}},
		{"this/account", oath.Name{"", "this/account", 30 * s}, oath.Name{"", "this/account", 0}},
		{"issuer:this/account", oath.Name{"issuer", "this/account", 30 * s}, oath.Name{"issuer", "this/account", 0}},
		{"this/issuer:this/account", oath.Name{"this/issuer", "this/account", 30 * s}, oath.Name{"this/issuer", "this/account", 0}},
		{"issuer:this:account", oath.Name{"issuer", "this:account", 30 * s}, oath.Name{"issuer", "this:account", 0}},
		{":foo", oath.Name{"", ":foo", 30 * s}, oath.Name{"", ":foo", 0}},
		{"a:", oath.Name{"", "a:", 30 * s}, oath.Name{"a", "", 0}},
		{"60/", oath.Name{"", "60/", 30 * s}, oath.Name{"", "60/", 0}},
		{"60/:x", oath.Name{"", ":x", 60 * s}, oath.Name{"60/", "x", 0}},
		{"30/x", oath.Name{"", "x", 30 * s}, oath.Name{"", "30/x", 0}},
		{"007/x", oath.Name{"", "x", 7 * s}, oath.Name{"", "007/x", 0}},
		{"1/2/x", oath.Name{"", "2/x", 1 * s}, oath.Name{"", "1/2/x", 0}},
		{"60/Iss:a/b:c", oath.Name{"Iss", "a/b:c", 60 * s}, oath.Name{"60/Iss", "a/b:c", 0}},
		{"iss :acc", oath.Name{"iss ", "acc", 30 * s}, oath.Name{"iss ", "acc", 0}},
		{"-5/x", oath.Name{"", "-5/x", 30 * s}, oath.Name{"", "-5/x", 0}},
		{"/x", oath.Name{"", "/x", 30 * s}, oath.Name{"", "/x", 0}},
		{"0/x", oath.Name{"", "x", 0}, oath.Name{"", "0/x", 0}},
		{"99999999999999999999/x", oath.Name{"", "99999999999999999999/x", 30 * s}, oath.Name{"", "99999999999999999999/x", 0}},
		{"\xff:\xfe", oath.Name{"", "\xff:\xfe", 30 * s}, oath.Name{"", "\xff:\xfe", 0}},
	} {
		if got := oath.ParseName([]byte(tt.id), oath.TOTP); got != tt.totp {
			t.Errorf("TOTP %q: %+v", tt.id, got)
		}
		if got := oath.ParseName([]byte(tt.id), oath.HOTP); got != tt.hotp {
			t.Errorf("HOTP %q: %+v", tt.id, got)
		}
	}
}

func TestNameID(t *testing.T) {
	for _, tt := range []struct {
		name oath.Name
		typ  oath.Type
		want string
	}{
		{oath.Name{"ACME", "alice", 30 * time.Second}, oath.TOTP, "ACME:alice"},
		{oath.Name{"Big", "slow", 60 * time.Second}, oath.TOTP, "60/Big:slow"},
		{oath.Name{"", "name", 20 * time.Second}, oath.TOTP, "20/name"},
		{oath.Name{"", "hotp", 0}, oath.HOTP, "hotp"},
		{oath.Name{"", "hotp", 60 * time.Second}, oath.HOTP, "hotp"},
	} {
		if got, err := tt.name.ID(tt.typ); err != nil || string(got) != tt.want {
			t.Errorf("%+v: %q, %v", tt.name, got, err)
		}
	}
	for _, name := range []oath.Name{
		{"ACME", "", 30 * time.Second}, {"", "x", 0}, {"", "x", 1500 * time.Millisecond},
		{strings.Repeat("i", 32), strings.Repeat("a", 32), 30 * time.Second}, {"", strings.Repeat("ä", 33), 30 * time.Second},
		{"", strings.Repeat("a", 62), 60 * time.Second},
	} {
		if got, err := name.ID(oath.TOTP); !errors.Is(err, oath.ErrInvalid) || got != nil {
			t.Errorf("%+v: %q, %v", name, got, err)
		}
	}
}

func TestNameConventions(t *testing.T) {
	if !oath.ParseName([]byte("_hidden:x"), oath.TOTP).Hidden() || oath.ParseName([]byte("hidden:x"), oath.TOTP).Hidden() {
		t.Error("hidden")
	}
	steam := func(id string, typ oath.Type) bool { return oath.ParseName([]byte(id), typ).Steam() }
	if !steam("Steam:x", oath.TOTP) || steam("steam:x", oath.TOTP) || steam("Steam:x", oath.HOTP) {
		t.Error("Steam")
	}
}

func TestNamePeriodLimit(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	id, err := oath.Name{Account: "x", Period: century}.ID(oath.TOTP)
	if err != nil || oath.ParseName(id, oath.TOTP).Period != century {
		t.Errorf("%s, %v", id, err)
	}
	if id, err := (oath.Name{Account: "x", Period: century + time.Second}).ID(oath.TOTP); !errors.Is(err, oath.ErrInvalid) || id != nil {
		t.Errorf("%s, %v", id, err)
	}
}

// structure is how Yubico's programs read the id of a TOTP credential.
var structure = regexp.MustCompile(`(?s)^(?:([0-9]+)/)?(?:([^:]+):)?(.+)$`)

// FuzzParseName compares with that expression, and names with what they are built to.
func FuzzParseName(f *testing.F) {
	for _, id := range []string{"20/issuer:account", "this/account", ":foo", "a:", "60/", "60/:x", "30/x", "007/x", "1/2/x", "60/Iss:a/b:c",
		"iss :acc", "-5/x", "0/x", "99999999999999999999/x", "5/a:", "\xff:\xfe", "a\nb:c", "", "Zürich:日本"} {
		f.Add([]byte(id), true)
		f.Add([]byte(id), false)
	}
	f.Fuzz(func(t *testing.T, id []byte, totp bool) {
		typ := oath.HOTP
		if totp {
			typ = oath.TOTP
		}
		name := oath.ParseName(id, typ)
		if !strings.HasSuffix(string(id), name.String()) {
			t.Errorf("%q is shown as %q", id, name)
		}
		if m := structure.FindSubmatch(id); totp && m != nil && utf8.Valid(id) {
			want := oath.Name{Issuer: string(m[2]), Account: string(m[3]), Period: oath.DefaultPeriod}
			if len(m[1]) > 0 {
				n, err := strconv.ParseInt(string(m[1]), 10, 64)
				if err != nil || n > 100*365*24*3600 {
					return // ours is the account then
				}
				want.Period = time.Duration(n) * time.Second
			}
			if name != want {
				t.Errorf("%q is %+v, want %+v", id, name, want)
			}
		}
		again, err := name.ID(typ)
		if err != nil {
			return
		}
		looksLikePeriod := totp && name.Period == oath.DefaultPeriod && structure.FindStringSubmatch(name.String())[1] != ""
		if back := oath.ParseName(again, typ); back != name && !looksLikePeriod {
			t.Errorf("%q is %+v, which builds %q, which is %+v", id, name, again, back)
		}
	})
}

// FuzzName: what is built parses back to itself, unless it looks like something else.
func FuzzName(f *testing.F) {
	f.Add("ACME", "alice", int64(30), true)
	f.Add("", "1/x", int64(60), true)
	f.Add("a:b", ":", int64(30), false)
	f.Add("60/x", "y", int64(30), true)
	f.Add("", "x", int64(9e9), true)
	f.Fuzz(func(t *testing.T, issuer, account string, seconds int64, totp bool) {
		if seconds > 9e9 || seconds < 0 { // no Duration
			return
		}
		name, typ := oath.Name{Issuer: issuer, Account: account}, oath.HOTP
		if totp {
			name.Period, typ = time.Duration(seconds)*time.Second, oath.TOTP
		}
		id, err := name.ID(typ)
		if err != nil {
			if !errors.Is(err, oath.ErrInvalid) || id != nil {
				t.Errorf("%q, %v", id, err)
			}
			return
		}
		if len(id) > 64 || len(id) == 0 {
			t.Errorf("%d bytes", len(id))
		}
		ambiguous := !utf8.Valid(id) || strings.Contains(issuer, ":") || issuer == "" && strings.Contains(account, ":") ||
			totp && name.Period == oath.DefaultPeriod && structure.FindSubmatch(id)[1] != nil
		if back := oath.ParseName(id, typ); back != name && !ambiguous {
			t.Errorf("%+v builds %q, which is %+v", name, id, back)
		}
	})
}
