package netsuite

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// table is what a query reads from.
type table struct {
	alias   string
	names   []string // of the columns, in order
	columns map[string]term
	rows    []*record
}

// term is something with a value in each row: a string, a float64, a time.Time, or nil when it is empty.
type term struct {
	value func(*record) any
	// shown is what BUILTIN.DF gives; nil means the value.
	shown func(*record) any
	kind  kind // text, number or datetime: which of the three the values are
	// constant is a literal's value; nil for what varies.
	constant any
}

// constantTerm is a literal.
func constantTerm(k kind, value any) term {
	return term{value: func(*record) any { return value }, kind: k, constant: value}
}

// table returns the table with the name.
func (s *store) table(name string) (*table, error) {
	t := &table{columns: map[string]term{}}
	t.add("id", term{value: func(r *record) any { return float64(r.id) }, kind: number})
	transactions := strings.EqualFold(name, "transaction")
	found := false
	for _, kind := range s.types {
		if transactions != (kind.code != "") || !transactions && !strings.EqualFold(kind.name, name) {
			continue
		}
		found = true
		t.rows = append(t.rows, s.records[kind.name]...)
		for _, f := range kind.fields {
			t.add(strings.ToLower(f.name), s.column(f))
		}
	}
	if !found {
		return nil, fmt.Errorf("Record '%s' was not found", name)
	}
	if transactions {
		s.transactionColumns(t)
	}
	return t, nil
}

// add adds a column, unless it is there.
func (t *table) add(name string, column term) {
	if _, there := t.columns[name]; !there {
		t.names = append(t.names, name)
		t.columns[name] = column
	}
}

// transactionColumns adds what only the transaction table has.
func (s *store) transactionColumns(t *table) {
	t.add("type", term{
		value: func(r *record) any { return r.kind.code },
		shown: func(r *record) any { return r.kind.label },
	})
	t.add("recordtype", term{value: func(r *record) any { return strings.ToLower(r.kind.name) }})
	t.add("foreigntotal", t.columns["total"])
	// A status is one column for all types, and shown with the type's name.
	t.columns["status"] = term{
		value: func(r *record) any { return r.values["status"] },
		shown: func(r *record) any {
			f, _ := r.kind.field("status")
			return r.kind.label + " : " + s.display(f, r.values["status"])
		},
	}
}

// column is a body field as a column. Ids of records are numbers, booleans are T and F.
func (s *store) column(f field) term {
	column := term{value: func(r *record) any { return cell(f, r.values[f.name]) }, kind: text}
	switch f.kind {
	case number, date, datetime:
		column.kind = f.kind
	case reference, list:
		column.shown = func(r *record) any {
			if r.values[f.name] == nil {
				return nil
			}
			return s.display(f, r.values[f.name])
		}
		if f.kind == reference {
			column.kind = number
		}
	}
	if column.kind == datetime {
		// Times are the account's: what SuiteQL reads and prints has its zone.
		column.value = func(r *record) any {
			if t, is := r.values[f.name].(time.Time); is {
				return wall(t.In(s.zone))
			}
			return nil
		}
	}
	if column.kind == date {
		column.kind = datetime
	}
	return column
}

// wall is a time's date and clock without its zone, the way TO_DATE makes one.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// cell is a field's value as SuiteQL has it.
func cell(f field, v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return "T"
		}
		return "F"
	case string:
		if v == "" {
			return nil // there are no empty strings in the database
		}
		if n, err := strconv.ParseFloat(v, 64); f.kind == reference && err == nil {
			return n
		}
	}
	return v
}

// printed is a value as text. Not there means empty.
func printed(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return v.Format(accountDate), true
	}
	return "", false
}
