package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wanted leaves out the readers that --key, naming one by a part of its name, does not mean: no need to wait for them.
func (a *app) wanted(readers []string) []string {
	var wanted []string
	for _, reader := range readers {
		if a.key != "" && strings.Trim(a.key, "0123456789") != "" && inName(reader, a.key) {
			wanted = append(wanted, reader)
		}
	}
	if wanted == nil {
		return readers
	}
	return wanted
}

func inName(reader, part string) bool {
	return strings.Contains(strings.ToLower(reader), strings.ToLower(part))
}

// named keeps the keys that --key names: by serial number, else by device id or part of the reader's name.
func (a *app) named(keys []*key, skipped []error) ([]*key, error) {
	var hit, miss []*key
	serial, err := strconv.ParseUint(a.key, 10, 32)
	if err == nil {
		hit, miss = a.bySerial(keys, uint32(serial))
	}
	if len(hit) == 0 {
		hit, miss = nil, nil
		for _, k := range keys {
			if k.DeviceID() == a.key || inName(k.reader, a.key) {
				hit = append(hit, k)
			} else {
				miss = append(miss, k)
			}
		}
	}
	closeAll(miss)
	if len(hit) > 0 {
		return hit, nil
	}
	if len(skipped) > 0 {
		return nil, fmt.Errorf("no key %q among those that open; %w", a.key, worst(skipped))
	}
	return nil, fail(exitNoKey, "ykmfa keys", "no key %q is plugged in", a.key)
}

// bySerial asks keys that were never seen before for their serial number.
func (a *app) bySerial(keys []*key, serial uint32) (hit, miss []*key) {
	for _, k := range keys {
		if err := a.identify(k); err != nil {
			a.detail("%v: %v", k, err)
		}
		if k.serial() == serial {
			hit = append(hit, k)
		} else {
			miss = append(miss, k)
		}
	}
	return hit, miss
}

// worst is the skipped reader that most likely holds the key: one in use, then any.
func worst(skipped []error) error {
	worst := ErrNoCard
	for _, err := range slices.Backward(skipped) {
		if worst = err; errors.Is(err, ErrBusy) {
			break
		}
	}
	return worst
}
