package account

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Config is what the user has set for good, in config.toml.
type Config struct {
	Touch    string                  `toml:"touch"`    // TouchRequired, or empty
	Fallback string                  `toml:"fallback"` // one of the following; empty is FallbackAuto
	Sources  map[string]CustomSource `toml:"sources"`

	path string
	data []byte
}

// TouchRequired has every account that gives codes by time ask for a touch.
const TouchRequired = "required"

// What a code comes from when no key is plugged in.
const (
	FallbackAuto  = "auto"  // from the backup, in software
	FallbackAsk   = "ask"   // the same, after asking
	FallbackNever = "never" // from nothing
)

// CustomSource is a source that the user has defined: two programs with their arguments.
type CustomSource struct {
	Get []string `toml:"get"`
	Put []string `toml:"put"`
}

const maxConfig = 1 << 16 // bytes

// Config reads config.toml from the user's own directory. One that does not exist is empty; one that others could have
// written is refused, because it names programs to run.
func (p Paths) Config() (*Config, error) {
	path := filepath.Join(p.ConfigDir, "config.toml")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Config{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("configuration file %s can be written by others (mode %04o): chmod go-w %[1]s", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return ParseConfig(path, data)
}

// ParseConfig reads a configuration from memory; path is for messages. What it does not know, it refuses: a setting
// with a typing error in it would otherwise protect nothing.
func ParseConfig(path string, data []byte) (*Config, error) {
	c := &Config{path: path, data: data}
	if len(data) > maxConfig {
		return nil, fmt.Errorf("configuration file %s is larger than %d bytes: is it the right file?", path, maxConfig)
	}
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(c)
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown) && len(unknown.Errors) > 0:
		bad = &unknown.Errors[0]
		row, _ := bad.Position()
		return nil, fmt.Errorf("configuration file %s:%d: unknown setting %q", path, row, strings.Join(bad.Key(), "."))
	case errors.As(err, &bad):
		row, _ := bad.Position()
		return nil, fmt.Errorf("configuration file %s:%d: %s", path, row, printable(strings.TrimPrefix(bad.Error(), "toml: ")))
	case err != nil:
		return nil, fmt.Errorf("configuration file %s: %s", path, printable(err.Error()))
	}
	if c.Touch != "" && c.Touch != TouchRequired {
		return nil, c.Fault("touch", fmt.Errorf("touch can only be %q", TouchRequired))
	}
	if !slices.Contains([]string{"", FallbackAuto, FallbackAsk, FallbackNever}, c.Fallback) {
		return nil, c.Fault("fallback", fmt.Errorf("fallback can only be %q, %q or %q", FallbackAuto, FallbackAsk, FallbackNever))
	}
	return c, nil
}

// Fault is an error about the line on which a word of the file first stands.
func (c *Config) Fault(word string, err error) error {
	row := 1
	for line := range bytes.Lines(c.data) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if bytes.Contains(line, []byte(word)) {
			return fmt.Errorf("configuration file %s:%d: %w", c.path, row, err)
		}
		row++
	}
	return fmt.Errorf("configuration file %s: %w", c.path, err)
}
