package source

import (
	"bytes"
	"sync"

	"ykmfa/internal/otpauth"
)

// A Memory keeps what a person should be asked for, and a program be run for, only once: passwords of databases, and
// the names of their entries. Its zero value is ready, and may be shared by Resolvers and goroutines.
type Memory struct {
	mu        sync.Mutex
	passwords map[string][]byte // by question
	lists     map[string][]byte // by database
}

// Wipe forgets everything.
func (m *Memory) Wipe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.passwords {
		otpauth.Wipe(p)
	}
	m.passwords, m.lists = nil, nil
}

// password returns a copy of what was answered to a question, for the caller to wipe, or asks it: one at a time.
func (m *Memory) password(question string, ask func() ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.passwords[question]; ok {
		return bytes.Clone(known), nil
	}
	answer, err := ask()
	if err != nil {
		return nil, err
	}
	if m.passwords == nil {
		m.passwords = map[string][]byte{}
	}
	m.passwords[question] = answer
	return bytes.Clone(answer), nil
}

// list returns the names in a database, or finds them out.
func (m *Memory) list(database string, find func() ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	known, ok := m.lists[database]
	m.mu.Unlock()
	if ok {
		return known, nil
	}
	names, err := find()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lists == nil {
		m.lists = map[string][]byte{}
	}
	m.lists[database] = names
	return names, nil
}

func (m *Memory) forgetList(database string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.lists, database)
}
