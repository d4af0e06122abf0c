package triggers

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var quiet = fed(report.Rule{
	ID: "T011", Title: "A poll that finds nothing keeps its place", Severity: report.Error,
	Rationale: "Most polls find nothing. One that loses its place then begins anew and repeats, or fails.",
	Fix:       "return the cursor that was given when the list is empty",
}, func(ctx context.Context, f *feed) (string, error) {
	if p := f.poll(ctx, f.s.Lab, nil, []any{}); p.trace.Fault != nil {
		return fmt.Sprintf("a first poll of an empty list: %v", p.trace.Fault), nil
	}
	if len(f.first.cursor) == 0 {
		return "", nil
	}
	p := f.poll(ctx, f.s.Lab, f.first.cursor, []any{})
	switch {
	case p.trace.Fault != nil:
		return fmt.Sprintf("an empty list after the cursor %s: %v", f.first.cursor, p.trace.Fault), nil
	case len(p.cursor) == 0 || goneBack(f.first.cursor, p.cursor):
		return fmt.Sprintf("an empty list after the cursor %s: the cursor is now %s", f.first.cursor, shownCursor(p.cursor)), nil
	}
	return "", nil
})

func shownCursor(c json.RawMessage) string {
	if len(c) == 0 {
		return "gone"
	}
	return string(c)
}

var forward = fed(report.Rule{
	ID: "T012", Title: "A cursor does not go back", Severity: report.Error,
	Rationale: "A vendor lists an old record again when it is restored, or from a copy that lags. A cursor that follows it repeats what has been.",
	Fix:       "keep the later of the cursor given and the last time seen",
}, func(ctx context.Context, f *feed) (string, error) {
	last := newest(f.items)
	if len(f.first.cursor) == 0 || latest(last).IsZero() {
		return "", nil
	}
	old := at(last, latest(last).Add(-24*time.Hour))
	p := f.poll(ctx, f.s.Lab, f.first.cursor, []any{old})
	if p.trace.Fault == nil && goneBack(f.first.cursor, p.cursor) {
		return fmt.Sprintf("an item of the day before after the cursor %s: the cursor is now %s", f.first.cursor, shownCursor(p.cursor)), nil
	}
	return "", nil
})

var distinct = rule.Rule{
	Rule: report.Rule{
		ID: "T013", Title: "No two events of a poll are identified alike", Severity: report.Error,
		Rationale: "Of two events with the same dedupe fields the host keeps one. The other is lost.",
		Fix:       "add to dedupe what tells them apart: a version, a time, the id of the change",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range replays(ctx, s) {
			trigger, _ := s.Manifest.Trigger(t.Case.Call.Operation)
			f := &feed{trigger: trigger}
			seen := map[string]map[string]any{}
			for _, e := range f.read(t).events {
				if other, ok := seen[f.key(e)]; ok && !reflect.DeepEqual(other, e) {
					found("trigger "+trigger.Name, "case %s: two events that differ are both %s", t.Case.Name, f.key(e))
				}
				seen[f.key(e)] = e
			}
		}
		return nil
	},
}

type triesKey struct{}

// replays are the calls of the cases of poll triggers, at a vendor that takes requests which differ a little.
func replays(ctx context.Context, s *rule.Subject) []lab.Trace {
	return rule.Once(s, triesKey{}, func() []lab.Trace {
		var all []lab.Trace
		for _, t := range s.Manifest.Triggers {
			if t.Poll == nil {
				continue
			}
			for _, k := range polls(s, t.Name) {
				all = append(all, s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call}))
			}
		}
		return all
	})
}

var versions = fed(report.Rule{
	ID: "T014", Title: "A trigger of changes tells one change of a record from the next", Severity: report.Warning,
	Rationale: "With the record's id alone its second change is taken for the first, and starts nothing.",
	Fix:       "add the record's version or the time of its change to dedupe",
}, func(ctx context.Context, f *feed) (string, error) {
	last := newest(f.items)
	if latest(last).IsZero() || !ofChanges.MatchString(strings.Join([]string{f.trigger.Name, f.trigger.Title, f.trigger.Description}, " ")) {
		return "", nil
	}
	changed := at(last, latest(last).Add(time.Hour))
	walk(last, nil, func(path []string, v any) {
		if n, ok := v.(json.Number); ok && revision.MatchString(path[len(path)-1]) {
			set(changed, path, renamed(n, 0))
		}
	})
	before, now := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, []any{last}), f.poll(ctx, f.s.Lab, f.first.cursor, []any{changed})
	if len(before.keys) == 1 && slices.Equal(before.keys, now.keys) {
		return "changed an hour later: it is " + some(now.keys) + " as before", nil
	}
	return "", nil
})

var (
	ofChanges = regexp.MustCompile(`(?i)(change|updat|edit|modif|moved|renam)`)
	revision  = regexp.MustCompile(`(?i)(version|revision|rev|sequence|counter|etag|updates)$`)
)

var small = fed(report.Rule{
	ID: "T015", Title: "A cursor does not grow from poll to poll", Severity: report.Warning,
	Rationale: "A cursor that keeps every id it has seen grows until it is refused, months after the recipe was made.",
	Fix:       "keep the last time, and the ids of that time alone",
}, func(ctx context.Context, f *feed) (string, error) {
	cursor := f.first.cursor
	var sizes []int
	for i := range 4 {
		p := f.poll(ctx, f.s.Lab, cursor, f.batch(20*i, 20))
		if p.trace.Fault != nil || len(p.cursor) == 0 {
			return "", nil
		}
		cursor = p.cursor
		sizes = append(sizes, len(cursor))
	}
	grows := sizes[1] > sizes[0]+20 && sizes[2] > sizes[1]+20 && sizes[3] > sizes[2]+20
	if grows || slices.Max(sizes) > 64<<10 {
		return fmt.Sprintf("after polls of 20 items each the cursor has %v bytes", sizes), nil
	}
	return "", nil
})

var reading = rule.Rule{
	Rule: report.Rule{
		ID: "T016", Title: "A poll only reads", Severity: report.Error,
		Rationale: "A poll is made every few minutes and again after a crash. What it marks as read or takes from a queue is lost if nobody gets to see it.",
		Fix:       "remember what was seen in the cursor, not at the vendor",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range replays(ctx, s) {
			for _, r := range t.Requests {
				search := r.Method == "POST" && r.Status == 200 && question.MatchString(r.URL.Path)
				if r.Method != "GET" && r.Method != "HEAD" && !search {
					found("trigger "+t.Case.Call.Operation, "case %s sends %s %s", t.Case.Name, r.Method, r.URL)
				}
			}
		}
		return nil
	},
}

var question = regexp.MustCompile(`(?i)(^|[/:._-])(search|query|queries|find|lookup|suiteql|soql|sql|graphql|batch_?get|batch_?read)($|[/:._-])|[/:.](list|read|get)$`)

var broken = rule.Rule{
	Rule: report.Rule{
		ID: "T017", Title: "A poll that fails midway does not move its cursor past what it has not seen", Severity: report.Error,
		Rationale: "The events of a page that could not be read are never asked for again.",
		Fix:       "end the poll with the vendor's fault, or return a cursor that leads to the page again",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range replays(ctx, s) {
			whole := (&feed{}).read(t)
			for n := 1; n < len(t.Requests) && t.Fault == nil; n++ {
				p := (&feed{}).read(s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: failing(n)}))
				if p.trace.Fault == nil && len(p.events) < len(whole.events) && sameCursor(p.cursor, whole.cursor) {
					found("trigger "+t.Case.Call.Operation, "case %s, with request %d answered 500: %d of %d events, and the same cursor %s", t.Case.Name, n+1, len(p.events), len(whole.events), whole.cursor)
				}
			}
		}
		return nil
	},
}

// failing answers the n-th request with an error of the vendor.
func failing(n int) func(int, cases.Exchange) cases.Exchange {
	return func(i int, x cases.Exchange) cases.Exchange {
		if i == n {
			x.Status, x.AnswerBody = 500, []byte(`{"message": "try again"}`)
		}
		return x
	}
}

var placed = rule.Rule{
	Rule: report.Rule{
		ID: "T018", Title: "A poll that finds events returns a cursor", Severity: report.Error,
		Rationale: "Without one the next poll is a first poll again.",
		Fix:       "return where the next poll begins, such as the last time seen",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range replays(ctx, s) {
			if p := (&feed{}).read(t); len(p.events) > 0 && len(p.cursor) == 0 {
				found("trigger "+t.Case.Call.Operation, "case %s: %d events and no cursor", t.Case.Name, len(p.events))
			}
		}
		return nil
	},
}
