package transfer

import (
	"fmt"
	"strings"
)

// series finds the export that a part belongs to.
func (m *migration) series(line int, p payload) *series {
	key := seriesKey{p.id, p.size}
	if e := m.byKey[key]; e != nil {
		return e
	}
	if m.byKey == nil {
		m.byKey = map[seriesKey]*series{}
	}
	e := &series{seriesKey: key, line: line, parts: map[int32]bool{}}
	m.byKey[key] = e
	m.exports = append(m.exports, e)
	return e
}

const maxNamed = 10 // parts that are named; the others are counted

// missing says which parts are not there.
func (m *migration) missing() []string {
	var list []string
	for _, e := range m.exports {
		text := e.missing()
		if text == "" {
			continue
		}
		if len(m.exports) > 1 {
			text += fmt.Sprintf(" (of the export on line %d)", e.line)
		}
		list = append(list, text)
	}
	return list
}

func (e *series) missing() string {
	count := int(e.size) - len(e.parts)
	if count == 0 {
		return ""
	}
	var names []string
	for i := int32(0); i < e.size && len(names) < min(count, maxNamed); i++ {
		if !e.parts[i] {
			names = append(names, fmt.Sprint(i+1))
		}
	}
	text := strings.Join(names, ", ")
	if count == 1 {
		return fmt.Sprintf("part %s of %d is missing", text, e.size)
	}
	if count > len(names) {
		text += fmt.Sprintf(" and %d more", count-len(names))
	}
	return fmt.Sprintf("parts %s of %d are missing", text, e.size)
}
