package operations

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// page is a replayed case whose output leads to another page.
type page struct {
	op     rule.Operation
	trace  lab.Trace
	items  int
	cursor json.RawMessage // of the next page
}

// pages are the cases of actions and pick lists that lead on.
func pages(ctx context.Context, s *rule.Subject) []page {
	var all []page
	for _, op := range s.Operations() {
		if op.Kind != abi.KindAction && op.Kind != abi.KindOptions {
			continue
		}
		for _, t := range traces(ctx, s, op) {
			if items, cursor := parts(t); len(cursor) > 0 {
				all = append(all, page{op, t, items, cursor})
			}
		}
	}
	return all
}

// parts are the number of a page's items and the cursor of the next; no cursor for the last page.
func parts(t lab.Trace) (items int, cursor json.RawMessage) {
	var out struct {
		Items  []json.RawMessage `json:"items"`
		Cursor json.RawMessage   `json:"cursor"`
	}
	if t.Status != abi.StatusPage || json.Unmarshal(t.Output, &out) != nil || string(out.Cursor) == "null" {
		return 0, nil
	}
	return len(out.Items), out.Cursor
}

// next fetches the page that p leads to, from a vendor that answers as before.
func (p page) next(ctx context.Context, s *rule.Subject) lab.Trace {
	call := p.trace.Case.Call
	call.Cursor = p.cursor
	return s.Lab.Try(ctx, lab.Try{Case: p.trace.Case, Call: call})
}

var advancing = rule.Rule{
	Rule: report.Rule{
		ID: "O106", Title: "The cursor of a page is never one that was used before", Severity: report.Error,
		Rationale: "A vendor's page may lead to itself: after a change, by a defect, from a cache. Then a recipe reads the same page until somebody stops it.",
		Fix:       "end with the last page when the next cursor is not after the given one",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range pages(ctx, s) {
			seen := []string{string(p.trace.Case.Call.Cursor)}
			for range 4 {
				seen = append(seen, string(p.cursor))
				if i := indexOf(seen[:len(seen)-1], string(p.cursor)); i >= 0 {
					found(p.op.Title, "case %s, from a vendor that answers every page alike: the cursor is %s again", p.trace.Case.Name, p.cursor)
					break
				}
				t := p.next(ctx, s)
				if _, p.cursor = parts(t); len(p.cursor) == 0 || passedOn(t, p.cursor) {
					break
				}
			}
		}
		return nil
	},
}

// passedOn reports whether a cursor is a text of the vendor's that the guest hands on as it is, as it does with the one it
// was given: where that leads is the vendor's to say, and whoever reads the pages sees that it leads nowhere.
func passedOn(t lab.Trace, cursor json.RawMessage) bool {
	text, ok := rule.Decode(cursor).(string)
	if !ok || len(t.Requests) == 0 || !holds(t.Requests[len(t.Requests)-1], text) {
		return false
	}
	for _, x := range t.Case.Exchanges {
		if strings.Contains(string(x.AnswerBody), `"`+text+`"`) {
			return true
		}
	}
	return false
}

func indexOf(list []string, text string) int {
	for i, s := range list {
		if s == text {
			return i
		}
	}
	return -1
}

var turning = rule.Rule{
	Rule: report.Rule{
		ID: "O107", Title: "The next page is asked for with the cursor of the one before", Severity: report.Error,
		Rationale: "A guest that does not use the cursor fetches the first page for ever, and nobody sees the second.",
		Fix:       "read the cursor with call.Cursor and put it into the request",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range pages(ctx, s) {
			t := p.next(ctx, s)
			if len(t.Requests) > 0 && asked(t) == asked(p.trace) {
				found(p.op.Title, "case %s: with cursor %s it asks for %s again", p.trace.Case.Name, p.cursor, line(t.Requests[len(t.Requests)-1]))
			}
		}
		return nil
	},
}

// asked is all that was asked in a call.
func asked(t lab.Trace) string {
	text := ""
	for _, r := range t.Requests {
		text += r.Method + " " + r.URL.String() + "\n" + string(r.Body) + "\n"
	}
	return text
}

var seamless = rule.Rule{
	Rule: report.Rule{
		ID: "O108", Title: "A page begins where the one before ended", Severity: report.Error,
		Rationale: "A step that is too wide skips what lies between two pages, without an error; one that is too narrow gives things twice.",
		Fix:       "count pages by one, and offsets by the number of items that the vendor gave",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range pages(ctx, s) {
			t := p.next(ctx, s)
			if len(t.Requests) == 0 || len(p.trace.Requests) == 0 {
				continue
			}
			before, after := numbers(p.trace.Requests[0]), numbers(t.Requests[0])
			for name, n := range after {
				step := n - before[name]
				switch {
				case before[name] == 0 && n > 0 && !has(before, name):
				case pageNumber.MatchString(name) && step > 1:
					found(p.op.Title, "case %s: %s goes from %d to %d", p.trace.Case.Name, name, before[name], n)
				case offset.MatchString(name) && step > p.given():
					found(p.op.Title, "case %s: %s goes from %d to %d, after %d items", p.trace.Case.Name, name, before[name], n, p.given())
				case offset.MatchString(name) && step > 0 && step < p.items && !listed(p.trace.Case, step):
					found(p.op.Title, "case %s: %s goes from %d to %d, after %d items", p.trace.Case.Name, name, before[name], n, p.items)
				}
			}
		}
		return nil
	},
}

var (
	pageNumber = regexp.MustCompile(`(?i)^(page|p|page_?(number|num|no|index)|current_?page)$`)
	offset     = regexp.MustCompile(`(?i)^(offset|start|skip|start_?(at|index|row)|from_?index)$`)
)

func has(m map[string]int, name string) bool { _, ok := m[name]; return ok }

// numbers are the whole numbers in a request's query and at the top of its body.
func numbers(r lab.Request) map[string]int {
	all := map[string]int{}
	for name, values := range r.URL.Query() {
		if n, err := strconv.Atoi(values[0]); err == nil {
			all[name] = n
		}
	}
	body, _ := rule.Decode(r.Body).(map[string]any)
	for name, v := range body {
		if number, ok := v.(json.Number); ok {
			if n, err := strconv.Atoi(number.String()); err == nil {
				all[name] = n
			}
		}
	}
	return all
}

// given is how many items the vendor gave for the page: those of the page where the answers are no JSON, such as XML.
func (p page) given() int {
	for _, x := range p.trace.Case.Exchanges {
		if rule.Decode(x.AnswerBody) != nil {
			return given(p.trace.Case)
		}
	}
	return p.items
}

// linking reports whether a list is of links, which are nobody's items.
func linking(l lab.List) bool { return l.Name() == "links" || l.Name() == "_links" }

// given is the length of the longest list in the answers of a case: what the vendor gave.
func given(k *cases.Case) int {
	n := 0
	for _, x := range k.Exchanges {
		for _, l := range lab.Lists(x.AnswerBody) {
			if !linking(l) {
				n = max(n, len(l.Items))
			}
		}
	}
	return n
}

var emptied = rule.Rule{
	Rule: report.Rule{
		ID: "O109", Title: "A page without items is a page, not a fault", Severity: report.Error,
		Rationale: "Nothing found is an answer. A recipe that stops on it stops on quiet days.",
		Fix:       "return an empty page when the vendor's list is empty",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindAction && op.Kind != abi.KindOptions {
				continue
			}
			for _, t := range traces(ctx, s, op) {
				if t.Status != abi.StatusPage || given(t.Case) == 0 {
					continue
				}
				empty := s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: withoutItems})
				if empty.Fault != nil {
					found(op.Title, "case %s, with the lists of its answers empty: %v", t.Case.Name, empty.Fault)
				}
			}
		}
		return nil
	},
}

func withoutItems(_ int, x cases.Exchange) cases.Exchange {
	for _, l := range lab.Lists(x.AnswerBody) {
		x.AnswerBody = l.In(x.AnswerBody, []any{})
	}
	return x
}

var finite = rule.Rule{
	Rule: report.Rule{
		ID: "O110", Title: "A call ends although the vendor always has one more page", Severity: report.Error,
		Rationale: "A call that reads pages until there are none uses up its budget, and the vendor's limits, when there is no last one.",
		Fix:       "stop when a page has nothing new, or after a number of pages, and return a page with a cursor",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for _, t := range traces(ctx, s, op) {
				k := t.Case
				if k.Want.Fault != nil || len(k.Exchanges) == 0 {
					continue
				}
				endless := s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call, Change: func(_ int, x cases.Exchange) cases.Exchange { return firstLike(k, x) }})
				most := (20 + 5*len(k.Exchanges)) * max(1, endless.Usage.Attempts) // each attempt at a pending call asks anew
				if len(endless.Requests) > most {
					found(op.Title, "case %s, from a vendor that always gives the first page: more than %d requests", k.Name, most)
				}
			}
		}
		return nil
	},
}

// firstLike is the first answer of a case to a request with the same method and path: the one that leads on.
func firstLike(k *cases.Case, x cases.Exchange) cases.Exchange {
	for _, first := range k.Exchanges {
		if x.URL != nil && first.Method == x.Method && first.URL.Path == x.URL.Path {
			return first
		}
	}
	return x
}

var whole = rule.Rule{
	Rule: report.Rule{
		ID: "O111", Title: "A page has every item that the vendor gave", Severity: report.Warning,
		Rationale: "An item that is dropped on the way is missing in every recipe, and in no log.",
		Fix:       "return all items; filter by the vendor's parameters, where users see it",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for _, t := range traces(ctx, s, op) {
				if op.Kind != abi.KindAction && op.Kind != abi.KindOptions || t.Status != abi.StatusPage {
					continue
				}
				items := len(itemsOf(t))
				if n := given(t.Case); op.Kind == abi.KindAction && items < n && !listed(t.Case, items) {
					found(op.Title, "case %s: %d of the vendor's %d items", t.Case.Name, items, n)
					continue
				}
				if seen := dropped(ctx, s, op, t); seen != "" {
					found(op.Title, "case %s: %s", t.Case.Name, seen)
					break
				}
			}
		}
		return nil
	},
}

// listed reports whether some list of the answers has n items: the page may be of that one.
func listed(k *cases.Case, n int) bool {
	for _, x := range k.Exchanges {
		for _, l := range lab.Lists(x.AnswerBody) {
			if len(l.Items) == n && n > 0 && !linking(l) {
				return true
			}
		}
	}
	return false
}
