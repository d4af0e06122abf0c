package netsuite

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// truth is SQL's: what compares with an empty value is neither true nor false.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// is turns a Go bool into a truth.
func is(b bool) truth {
	if b {
		return yes
	}
	return no
}

// condition is a compiled WHERE.
type condition func(*record) truth

// condition compiles an OR of ANDs.
func (p *sqlParser) condition(depth int) (condition, error) {
	left, err := p.both(depth)
	for err == nil && p.accept("or") {
		var right condition
		either := left
		if right, err = p.both(depth); err == nil {
			left = func(r *record) truth { return max(either(r), right(r)) }
		}
	}
	return left, err
}

func (p *sqlParser) both(depth int) (condition, error) {
	left, err := p.test(depth)
	for err == nil && p.accept("and") {
		var right condition
		both := left
		if right, err = p.test(depth); err == nil {
			left = func(r *record) truth { return min(both(r), right(r)) }
		}
	}
	return left, err
}

// test compiles one test, or a condition in parentheses.
func (p *sqlParser) test(depth int) (condition, error) {
	switch {
	case depth == maxDepth:
		return nil, fmt.Errorf("Invalid or unsupported search: too many parentheses")
	case p.accept("not"):
		inner, err := p.test(depth + 1)
		return negate(inner, true), err
	case p.accept("("):
		inner, err := p.condition(depth + 1)
		if err == nil {
			err = p.expect(")")
		}
		return inner, err
	}
	left, err := p.term(0)
	if err != nil {
		return nil, err
	}
	return p.comparison(left)
}

// comparison compiles what follows the left side.
func (p *sqlParser) comparison(left term) (condition, error) {
	if p.accept("is") {
		not := p.accept("not")
		return func(r *record) truth { return is((left.value(r) == nil) != not) }, p.expect("null")
	}
	not := p.accept("not")
	var test condition
	var err error
	switch operator := p.next().text; operator {
	case "in":
		test, err = p.in(left)
	case "like":
		test, err = p.like(left)
	case "between":
		test, err = p.between(left)
	default:
		wanted, known := orders(operator)
		if !known || not {
			return nil, fmt.Errorf("Invalid or unsupported search: %q is not expected", operator)
		}
		return p.compared(left, wanted...)
	}
	return negate(test, not), err
}

// orders are the orders of the two sides for which an operator holds.
func orders(operator string) ([]int, bool) {
	wanted, known := map[string][]int{
		"=": {0}, "!=": {-1, 1}, "<>": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1},
	}[operator]
	return wanted, known
}

// negate is the condition, or its opposite. Unknown stays unknown.
func negate(test condition, not bool) condition {
	if !not {
		return test
	}
	return func(r *record) truth { return yes - test(r) }
}

// compared compiles the right side of an operator.
func (p *sqlParser) compared(left term, wanted ...int) (condition, error) {
	right, err := p.term(0)
	if err != nil {
		return nil, err
	}
	if left, right, err = alike(left, right); err != nil {
		return nil, err
	}
	return func(r *record) truth {
		order, ok := compare(left.value(r), right.value(r))
		if !ok {
			return unknown
		}
		return is(slices.Contains(wanted, order))
	}, nil
}

// in compiles the list of IN.
func (p *sqlParser) in(left term) (condition, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var tests []condition
	for {
		equal, err := p.compared(left, 0)
		if err != nil {
			return nil, err
		}
		tests = append(tests, equal)
		if !p.accept(",") {
			break
		}
	}
	return func(r *record) truth {
		best := no
		for _, test := range tests {
			best = max(best, test(r))
		}
		return best
	}, p.expect(")")
}

// between compiles the two ends of BETWEEN.
func (p *sqlParser) between(left term) (condition, error) {
	low, err := p.compared(left, 0, 1)
	if err != nil {
		return nil, err
	}
	if err := p.expect("and"); err != nil {
		return nil, err
	}
	high, err := p.compared(left, -1, 0)
	return func(r *record) truth { return min(low(r), high(r)) }, err
}

// like compiles the pattern of LIKE: % is any text, _ any character.
func (p *sqlParser) like(left term) (condition, error) {
	t := p.next()
	if t.kind != 's' {
		return nil, fmt.Errorf("Invalid or unsupported search: LIKE needs a text")
	}
	pattern, err := regexp.Compile("(?s)^" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(t.text)) + "$")
	if err != nil {
		return nil, fmt.Errorf("Invalid pattern '%s'", t.text)
	}
	return func(r *record) truth {
		s, there := printed(left.value(r))
		if !there {
			return unknown
		}
		return is(pattern.MatchString(s))
	}, nil
}

// alike makes both sides of one kind: a literal text becomes a number beside a number, and a day in the
// account's format beside a date. A number beside a text becomes text.
func alike(left, right term) (term, term, error) {
	if left.kind == right.kind {
		return left, right, nil
	}
	l, err := cast(left, right.kind)
	if err != nil {
		return left, right, err
	}
	r, err := cast(right, left.kind)
	return l, r, err
}

// cast turns a literal into the kind of the other side.
func cast(t term, k kind) (term, error) {
	s, isText := t.constant.(string)
	n, isNumber := t.constant.(float64)
	switch {
	case isNumber && k == text:
		return constantTerm(text, strconv.FormatFloat(n, 'f', -1, 64)), nil
	case isText && k == number:
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return t, fmt.Errorf("Invalid number '%s'", s)
		}
		return constantTerm(number, n), nil
	case isText && k == datetime:
		day, err := time.Parse(accountDate, s)
		if err != nil {
			return t, fmt.Errorf("Invalid date '%s': the account's format or TO_DATE is expected", s)
		}
		return constantTerm(datetime, day), nil
	}
	return t, nil
}
