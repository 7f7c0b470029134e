package virtualkey

import (
	"fmt"
	"strconv"
	"strings"
)

// FaultKind is what goes wrong.
type FaultKind string

const (
	Refuse FaultKind = "refuse" // the command is not executed; Fault.Status is the answer
	Cut    FaultKind = "cut"    // the command is executed, but the card is gone before it answers
	Vanish FaultKind = "vanish" // the card is gone before the command is executed
)

// Fault is one thing that goes wrong, at one command.
type Fault struct {
	Kind   FaultKind
	At     int    // which command, counted from 1 since Open
	Status uint16 // of Refuse
}

// ParseFault reads KIND@COMMAND: "refuse@7:6f00", "cut@7", "vanish@7".
func ParseFault(s string) (Fault, error) {
	kind, where, _ := strings.Cut(s, "@")
	where, word, hasStatus := strings.Cut(where, ":")
	f := Fault{Kind: FaultKind(kind)}
	at, err := strconv.Atoi(where)
	if err != nil || at < 1 {
		return Fault{}, faultError(s)
	}
	f.At = at
	switch f.Kind {
	case Refuse:
		n, err := strconv.ParseUint(word, 16, 16)
		if err != nil || len(word) != 4 {
			return Fault{}, faultError(s)
		}
		f.Status = uint16(n)
		return f, nil
	case Cut, Vanish:
		if !hasStatus {
			return f, nil
		}
	}
	return Fault{}, faultError(s)
}

// ParseFaults reads faults with commas between them; "" is none.
func ParseFaults(s string) ([]Fault, error) {
	if s == "" {
		return nil, nil
	}
	var faults []Fault
	for part := range strings.SplitSeq(s, ",") {
		f, err := ParseFault(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func faultError(s string) error {
	return fmt.Errorf("virtualkey: fault %q: refuse@7:6f00, cut@7 or vanish@7, with the number of a command from 1", s)
}
