package netsuite

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// term compiles a column, a literal or a call of a function.
func (p *sqlParser) term(depth int) (term, error) {
	if depth == maxDepth {
		return term{}, fmt.Errorf("Invalid or unsupported search: too many parentheses")
	}
	t := p.next()
	switch t.kind {
	case 's':
		if t.text == "" {
			return constantTerm(text, nil), nil // the database does not tell it from null
		}
		return constantTerm(text, t.text), nil
	case '0':
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return term{}, fmt.Errorf("Invalid number %s", t.text)
		}
		return constantTerm(number, n), nil
	case 'n':
		if p.accept("(") {
			return p.function(t.text, depth)
		}
		return p.column(t.text)
	}
	return term{}, fmt.Errorf("Invalid or unsupported search: a column is expected, not %q", t.text)
}

// column finds a column by its name, which may begin with the table's alias.
func (p *sqlParser) column(name string) (term, error) {
	column := name
	if alias, rest, qualified := strings.Cut(name, "."); qualified && alias == p.table.alias {
		column = rest
	}
	found, there := p.table.columns[column]
	if !there {
		return term{}, fmt.Errorf("Field '%s' not found", name)
	}
	return found, nil
}

// function compiles a call whose name and opening parenthesis are read.
func (p *sqlParser) function(name string, depth int) (term, error) {
	arg, err := p.term(depth + 1)
	if err != nil {
		return term{}, err
	}
	layout := ""
	if name == "to_date" || name == "to_char" {
		if err := p.expect(","); err != nil {
			return term{}, err
		}
		layout = dateLayout(p.next().text)
	}
	if err := p.expect(")"); err != nil {
		return term{}, err
	}
	switch name {
	case "builtin.df":
		if arg.shown == nil {
			return textTerm(arg, func(v any) any { s, _ := printed(v); return orNil(s) }), nil
		}
		return term{value: arg.shown, kind: text}, nil
	case "upper":
		return textTerm(arg, func(v any) any { s, _ := printed(v); return orNil(strings.ToUpper(s)) }), nil
	case "lower":
		return textTerm(arg, func(v any) any { s, _ := printed(v); return orNil(strings.ToLower(s)) }), nil
	case "to_char":
		return toChar(arg, layout)
	case "to_date":
		s, _ := arg.constant.(string)
		t, err := time.Parse(layout, s)
		if err != nil {
			return term{}, fmt.Errorf("Invalid date '%s' for its format", s)
		}
		return constantTerm(datetime, t), nil
	}
	return term{}, fmt.Errorf("Unknown function %s", strings.ToUpper(name))
}

// textTerm is a term of texts made from another's values. Empty stays empty.
func textTerm(of term, change func(any) any) term {
	return term{kind: text, value: func(r *record) any {
		if v := of.value(r); v != nil {
			return change(v)
		}
		return nil
	}}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// toChar prints times by the layout.
func toChar(arg term, layout string) (term, error) {
	if arg.kind != datetime {
		return term{}, fmt.Errorf("TO_CHAR is for dates")
	}
	return textTerm(arg, func(v any) any { return v.(time.Time).Format(layout) }), nil
}

// dateLayout turns a database's date format into Go's.
func dateLayout(format string) string {
	return strings.NewReplacer(
		"YYYY", "2006", "HH24", "15", "HH12", "03", "MM", "01", "DD", "02", "HH", "03", "MI", "04", "SS", "05",
		"AM", "PM", `"`, "",
	).Replace(strings.ToUpper(format))
}
