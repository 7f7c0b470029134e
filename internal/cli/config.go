package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"ykmfa/internal/account"
	"ykmfa/internal/source"
)

// config is what config.toml says, read once, and the sources that it defines.
type config struct {
	*account.Config
	sources map[string]source.Custom
}

// settings reads config.toml. Commands that only print codes get on without it.
func (a *app) settings() (*config, error) {
	if a.config != nil {
		return a.config, nil
	}
	file, err := a.paths.Config()
	if err != nil {
		return nil, err
	}
	c := &config{Config: file, sources: map[string]source.Custom{}}
	for name, s := range file.Sources {
		c.sources[name] = source.Custom{Get: s.Get, Put: s.Put}
		if err := source.CheckCustom(name, c.sources[name]); err != nil {
			return nil, file.Fault(name, fmt.Errorf("[sources.%s]: %w", name, err))
		}
	}
	a.config = c
	return c, nil
}

// parseRef reads a secret reference for an account, and makes its path absolute: the backup on record is read from
// anywhere.
func (a *app) parseRef(text, name string) (source.Ref, error) {
	c, err := a.settings()
	if err != nil {
		return source.Ref{}, err
	}
	ref, err := source.ParseRef(text, name, slices.Collect(maps.Keys(c.sources))...)
	if err != nil {
		hint := "ykmfa add --help lists the references"
		var known *source.Error
		if errors.As(err, &known) && known.Hint != "" {
			hint = known.Hint
		}
		return ref, usage(hint, "%w", err)
	}
	return ref.Absolute()
}
