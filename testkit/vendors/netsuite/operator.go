package netsuite

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// accountDate is the account's date format, in which queries and SuiteQL write days.
const accountDate = "1/2/2006"

// operator is an operator of the q parameter.
type operator struct {
	count int // of values; 0 means any number
	holds func(v any, args []any) bool
}

// operators are those that suit the kind, by name without _NOT.
func operators(k kind) map[string]operator {
	compared := func(wanted ...int) operator {
		return operator{1, func(v any, args []any) bool {
			order, ok := compare(v, args[0])
			return ok && slices.Contains(wanted, order)
		}}
	}
	textual := func(holds func(s, part string) bool) operator {
		return operator{1, func(v any, args []any) bool { return holds(v.(string), args[0].(string)) }}
	}
	between := operator{2, func(v any, args []any) bool {
		low, _ := compare(v, args[0])
		high, _ := compare(v, args[1])
		return low >= 0 && high <= 0
	}}
	anyOf := operator{0, func(v any, args []any) bool { return slices.Contains(args, v) }}
	is := compared(0)
	switch k {
	case number:
		return map[string]operator{
			"EQUAL": is, "ANY_OF": anyOf, "BETWEEN": between, "WITHIN": between, "GREATER": compared(1),
			"GREATER_OR_EQUAL": compared(0, 1), "LESS": compared(-1), "LESS_OR_EQUAL": compared(-1, 0),
		}
	case date, datetime:
		return map[string]operator{
			"ON": is, "AFTER": compared(1), "BEFORE": compared(-1), "ON_OR_AFTER": compared(0, 1),
			"ON_OR_BEFORE": compared(-1, 0), "WITHIN": between,
		}
	case text:
		return map[string]operator{
			"IS": is, "CONTAIN": textual(strings.Contains), "START_WITH": textual(strings.HasPrefix),
			"END_WITH": textual(strings.HasSuffix),
		}
	case boolean:
		return map[string]operator{"IS": {1, func(v any, args []any) bool { return v == args[0] }}}
	}
	return map[string]operator{"IS": is, "EQUAL": is, "ANY_OF": anyOf} // reference and list, by id
}

// argument reads a value of the query for the field. Days are in the account's format, never ISO.
func argument(f field, s string) (any, bool) {
	switch f.kind {
	case number:
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil
	case boolean:
		b, err := strconv.ParseBool(strings.ToLower(s))
		return b, err == nil
	case date, datetime:
		day, err := time.Parse(accountDate, s)
		return day, err == nil
	case text:
		return strings.ToLower(s), true
	}
	return s, true
}

// inQuery turns a record's value into what arguments are compared with: texts without case, instants as the
// day that they fall on in the account's zone.
func inQuery(f field, v any, zone *time.Location) any {
	switch v := v.(type) {
	case time.Time:
		if f.kind == datetime {
			local := v.In(zone)
			return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		}
	case string:
		if f.kind == text {
			return strings.ToLower(v)
		}
	}
	return v
}

// compare orders two values of one type. Not ok are values of different types.
func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return cmp.Compare(a, b), ok
	case float64:
		b, ok := b.(float64)
		return cmp.Compare(a, b), ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	}
	return 0, false
}
