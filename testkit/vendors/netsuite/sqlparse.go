package netsuite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sqlParser compiles tokens from left to right into functions of a row.
type sqlParser struct {
	store  *store
	tokens []sqlToken
	table  *table
}

// compile compiles a query. The table comes first, since what a column is depends on it.
func (s *store) compile(q string) (*statement, error) {
	tokens, err := lexSQL(q)
	if err != nil {
		return nil, err
	}
	p := &sqlParser{store: s, tokens: tokens}
	from := slices.Index(tokens, sqlToken{'n', "from"})
	if !p.accept("select") || from < 0 {
		return nil, fmt.Errorf("Invalid or unsupported search: SELECT and FROM are expected")
	}
	rest := &sqlParser{store: s, tokens: tokens[from+1:]}
	if err := rest.source(); err != nil {
		return nil, err
	}
	p.tokens, p.table = tokens[1:from], rest.table
	out := &statement{table: rest.table}
	if out.columns, err = p.columns(); err != nil {
		return nil, err
	}
	if rest.accept("where") {
		if out.where, err = rest.condition(0); err != nil {
			return nil, err
		}
	}
	if rest.accept("order") {
		if out.order, err = rest.ordering(out.columns); err != nil {
			return nil, err
		}
	}
	if len(rest.tokens) > 0 {
		return nil, rest.unexpected()
	}
	return out, nil
}

// peek is the next token; an empty one at the end.
func (p *sqlParser) peek() sqlToken {
	if len(p.tokens) == 0 {
		return sqlToken{}
	}
	return p.tokens[0]
}

// next takes the next token.
func (p *sqlParser) next() sqlToken {
	t := p.peek()
	p.tokens = p.tokens[min(1, len(p.tokens)):]
	return t
}

// accept takes the next token if it is the keyword or symbol.
func (p *sqlParser) accept(text string) bool {
	if t := p.peek(); t.text != text || t.kind != 'n' && t.kind != 'o' {
		return false
	}
	p.next()
	return true
}

// expect is accept, or an error.
func (p *sqlParser) expect(text string) error {
	if !p.accept(text) {
		return fmt.Errorf("Invalid or unsupported search: %q is expected before %q", text, p.peek().text)
	}
	return nil
}

func (p *sqlParser) unexpected() error {
	return fmt.Errorf("Invalid or unsupported search: %q is not expected", p.peek().text)
}

// source reads the table and its alias.
func (p *sqlParser) source() (err error) {
	if p.table, err = p.store.table(p.next().text); err != nil {
		return err
	}
	as := p.accept("as")
	if t := p.peek(); as || t.kind == 'n' && t.text != "where" && t.text != "order" {
		p.table.alias = p.next().text
	}
	return nil
}

// columns reads the select list, which is all that the parser holds.
func (p *sqlParser) columns() ([]output, error) {
	if p.accept("*") {
		var all []output
		for _, name := range p.table.names {
			all = append(all, output{name, p.table.columns[name]})
		}
		return all, p.end()
	}
	var columns []output
	for {
		first := p.peek()
		value, err := p.term(0)
		if err != nil {
			return nil, err
		}
		name := first.text[strings.LastIndex(first.text, ".")+1:]
		if _, there := p.table.columns[name]; !there || first.kind != 'n' {
			name = "expr" + strconv.Itoa(len(columns)+1)
		}
		if as := p.accept("as"); as || p.peek().kind == 'n' {
			name = p.next().text
		}
		columns = append(columns, output{name, value})
		if !p.accept(",") {
			return columns, p.end()
		}
	}
}

// end is an error unless all tokens are used.
func (p *sqlParser) end() error {
	if len(p.tokens) > 0 {
		return p.unexpected()
	}
	return nil
}

// ordering reads the keys of ORDER BY, which may be names of the select list.
func (p *sqlParser) ordering(columns []output) ([]ordering, error) {
	if err := p.expect("by"); err != nil {
		return nil, err
	}
	var keys []ordering
	for {
		var key ordering
		name := p.peek()
		i := slices.IndexFunc(columns, func(c output) bool { return name.kind == 'n' && c.name == name.text })
		if i >= 0 {
			p.next()
			key.term = columns[i].term
		} else {
			var err error
			if key.term, err = p.term(0); err != nil {
				return nil, err
			}
		}
		key.down = p.accept("desc")
		if !key.down {
			p.accept("asc")
		}
		keys = append(keys, key)
		if !p.accept(",") {
			return keys, nil
		}
	}
}
