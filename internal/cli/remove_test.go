package cli_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ykmfa/internal/cli"
	"ykmfa/internal/virtualkey"
)

// swapped is a reader whose key is another one from the second look at it on.
type swapped struct {
	first, second *reader
	opened        int
}

func (s *swapped) Readers(context.Context) ([]string, error) { return []string{"reader"}, nil }

func (s *swapped) Open(ctx context.Context, name string) (cli.Card, error) {
	s.opened++
	if s.opened == 1 {
		return s.first.Open(ctx, name)
	}
	return s.second.Open(ctx, name)
}

// TestRemoveFromTheKeyAskedAbout: a key that was plugged in while the user was asked about another is left alone.
func TestRemoveFromTheKeyAskedAbout(t *testing.T) {
	d := desk{t, t.TempDir()}
	d.write("aws.txt", s20)
	var readers []*reader
	for _, name := range []string{"one.json", "two.json"} {
		d.must(name, "", "add aws --secret-from file:~/aws.txt")
		k, err := virtualkey.Open(virtualkey.Options{Path: filepath.Join(d.dir, name)})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		readers = append(readers, &reader{key: k, looked: func() {}})
	}
	var stderr bytes.Buffer
	code := cli.Run(context.Background(), cli.Options{
		Stdin: strings.NewReader(""), Stdout: &stderr, Stderr: &stderr, Environ: d.environ(),
		Cards: &swapped{first: readers[0], second: readers[1]}, Now: time.Now,
	}, []string{"remove", "aws", "--yes"})
	if code != 3 || !strings.Contains(stderr.String(), "another key was plugged in meanwhile") {
		t.Errorf("exit status %d, %s", code, stderr.String())
	}
	for _, name := range []string{"one.json", "two.json"} {
		if got := d.on(name); !slices.Equal(got, []string{"aws/6/touch=false"}) {
			t.Errorf("%s holds %q", name, got)
		}
	}
}
