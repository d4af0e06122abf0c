package netsuite

import (
	"strings"
	"unicode"
)

// maxDepth is how deep parentheses may nest, here and in SuiteQL.
const maxDepth = 100

// predicate tells whether a record is wanted.
type predicate func(*record) bool

// filter compiles the q parameter of a list for records of the type. An empty one wants every record.
//
//	expression = term { "OR" term }
//	term       = factor { "AND" factor }
//	factor     = "(" expression ")" | field operator [ value | "[" value { "," value } "]" ]
//	value      = word | "\"" text "\""
func (s *store) filter(t *recordType, q string) (predicate, *failure) {
	if strings.TrimSpace(q) == "" {
		return func(*record) bool { return true }, nil
	}
	p := &filterParser{store: s, kind: t, tokens: lexFilter(q)}
	wanted, f := p.expression(0)
	if f == nil && len(p.tokens) > 0 {
		f = badQuery("unexpected %q", p.tokens[0].text)
	}
	return wanted, f
}

func badQuery(format string, args ...any) *failure {
	return badParameter("q", "Invalid search query: "+format+".", args...)
}

// token is a quoted value, a word, or one of ( ) [ ] and comma.
type token struct {
	text   string
	quoted bool
}

// lexFilter splits a query. A quote that is not closed runs to the end.
func lexFilter(q string) []token {
	var tokens []token
	for rest := strings.TrimSpace(q); rest != ""; rest = strings.TrimSpace(rest) {
		switch {
		case rest[0] == '"':
			value, after, _ := strings.Cut(rest[1:], `"`)
			tokens, rest = append(tokens, token{value, true}), after
		case strings.ContainsRune("()[],", rune(rest[0])):
			tokens, rest = append(tokens, token{rest[:1], false}), rest[1:]
		default:
			end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`()[],"`, r) })
			if end < 0 {
				end = len(rest)
			}
			tokens, rest = append(tokens, token{rest[:end], false}), rest[end:]
		}
	}
	return tokens
}

// filterParser compiles tokens from left to right.
type filterParser struct {
	store  *store
	kind   *recordType
	tokens []token
}

// next takes a token; an empty one at the end.
func (p *filterParser) next() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

// accept takes the next token if it is the bare text.
func (p *filterParser) accept(text string) bool {
	if len(p.tokens) == 0 || p.tokens[0].quoted || !strings.EqualFold(p.tokens[0].text, text) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *filterParser) expression(depth int) (predicate, *failure) {
	left, f := p.term(depth)
	for f == nil && p.accept("OR") {
		var right predicate
		either := left
		if right, f = p.term(depth); f == nil {
			left = func(r *record) bool { return either(r) || right(r) }
		}
	}
	return left, f
}

func (p *filterParser) term(depth int) (predicate, *failure) {
	left, f := p.factor(depth)
	for f == nil && p.accept("AND") {
		var right predicate
		both := left
		if right, f = p.factor(depth); f == nil {
			left = func(r *record) bool { return both(r) && right(r) }
		}
	}
	return left, f
}

func (p *filterParser) factor(depth int) (predicate, *failure) {
	if !p.accept("(") {
		return p.condition()
	}
	if depth == maxDepth {
		return nil, badQuery("too many parentheses")
	}
	inner, f := p.expression(depth + 1)
	if f == nil && !p.accept(")") {
		f = badQuery("a parenthesis is not closed")
	}
	return inner, f
}

// condition compiles one comparison.
func (p *filterParser) condition() (predicate, *failure) {
	name, operator := p.next().text, strings.ToUpper(p.next().text)
	f, known := p.kind.field(name)
	if name == "id" {
		f, known = field{name: "id", kind: number}, true
	}
	if !known {
		return nil, badQuery("field %q does not exist on %s", name, p.kind.name)
	}
	operator, negated := strings.CutSuffix(operator, "_NOT")
	if operator == "EMPTY" {
		return func(r *record) bool { return (valueOf(r, f) == nil) != negated }, nil
	}
	op, found := operators(f.kind)[operator]
	if !found {
		return nil, badQuery("operator %q does not suit field %q", operator, name)
	}
	args, failed := p.arguments(f, op.count)
	if failed != nil {
		return nil, failed
	}
	zone := p.store.zone
	return func(r *record) bool {
		v := inQuery(f, valueOf(r, f), zone)
		return v != nil && op.holds(v, args) != negated
	}, nil
}

// arguments reads a condition's values: one, two or, for count 0, any number of them.
func (p *filterParser) arguments(f field, count int) ([]any, *failure) {
	var args []any
	list := p.accept("[")
	for {
		if len(p.tokens) == 0 {
			return nil, badQuery("a value is missing for field %q", f.name)
		}
		arg, valid := argument(f, p.next().text)
		if !valid {
			return nil, badQuery("a value for field %q is not valid", f.name)
		}
		args = append(args, arg)
		if !list || !p.accept(",") {
			break
		}
	}
	if list && !p.accept("]") || count > 0 && len(args) != count {
		return nil, badQuery("the values for field %q are not valid", f.name)
	}
	return args, nil
}

// valueOf is the record's value for the field, nil when it is empty.
func valueOf(r *record, f field) any {
	if f.name == "id" {
		return float64(r.id)
	}
	if s, is := r.values[f.name].(string); is && s == "" {
		return nil
	}
	return r.values[f.name]
}
