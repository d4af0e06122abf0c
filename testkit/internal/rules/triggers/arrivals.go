package triggers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// fed is a rule that is looked for in each feed; check says what it sees, or nothing.
func fed(r report.Rule, check func(ctx context.Context, f *feed) (seen string, err error)) rule.Rule {
	return rule.Rule{Rule: r, Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, f := range feeds(ctx, s) {
			seen, err := check(ctx, f)
			if err != nil {
				return err
			}
			if seen != "" {
				found(f.title, "case %s, %s", f.k.Name, seen)
			}
		}
		return nil
	}}
}

var continued = fed(report.Rule{
	ID: "T005", Title: "A later poll goes on from the cursor", Severity: report.Error,
	Rationale: "A poll that begins anew each time reads the same events for ever, and never those beyond the first page.",
	Fix:       "read the cursor with call.Cursor and ask the vendor for what came after it",
}, func(ctx context.Context, f *feed) (string, error) {
	if len(f.first.cursor) == 0 {
		return "", nil
	}
	later := f.poll(ctx, f.s.Lab, f.first.cursor, f.items)
	if asked(later) == asked(f.first) && len(later.keys) > 0 && slices.Equal(later.keys, f.first.keys) {
		return fmt.Sprintf("polled again with the cursor %s: the same requests and the same events", f.first.cursor), nil
	}
	return "", nil
})

// asked is all that a poll asked.
func asked(p poll) string {
	var b strings.Builder
	for _, r := range p.trace.Requests {
		b.WriteString(r.Method + " " + r.URL.String() + "\n" + string(r.Body) + "\n")
	}
	return b.String()
}

var unordered = fed(report.Rule{
	ID: "T006", Title: "A poll finds the same events in whatever order the vendor lists them", Severity: report.Error,
	Rationale: "Vendors change the order of their lists, and break ties as they like. An event that is read past is lost.",
	Fix:       "read the whole list; compare with the cursor, do not stop at the first that is old",
}, func(ctx context.Context, f *feed) (string, error) {
	items := f.items
	if len(items) < 2 {
		items = slices.Concat(items, f.batch(0, 2))
	}
	ahead := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, items)
	turned := slices.Clone(items)
	slices.Reverse(turned)
	reversed := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, turned)
	if gone := slices.Concat(lost(ahead.keys, reversed.keys), lost(reversed.keys, ahead.keys)); len(gone) > 0 {
		return "with the list in reverse: only one order has " + some(gone), nil
	}
	return "", nil
})

var simultaneous = fed(report.Rule{
	ID: "T007", Title: "Events of one moment are all found", Severity: report.Error,
	Rationale: "Imports and bulk edits give hundreds of records the same time. What is told apart by its time alone is lost but for one.",
	Fix:       "identify events by the record's id, with its version or time, and keep all of a moment",
}, func(ctx context.Context, f *feed) (string, error) {
	moment := latest(newest(f.items))
	if moment.IsZero() {
		return "", nil
	}
	var apart, together []any
	for _, item := range slices.Concat(f.items, f.batch(0, 3)) {
		apart, together = append(apart, item), append(together, at(item, moment))
	}
	want, have := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, apart), f.poll(ctx, f.s.Lab, f.k.Call.Cursor, together)
	if n, m := count(want.keys), count(have.keys); m < n {
		return fmt.Sprintf("with %d items all of one time: %d events instead of %d", len(together), m, n), nil
	}
	return "", nil
})

func count(keys []string) int {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return len(slices.Compact(keys))
}

var late = fed(report.Rule{
	ID: "T008", Title: "An event that arrives later with the time of the last one is found", Severity: report.Error,
	Rationale: "A vendor may write two records in one second and list one of them before the poll and one after.",
	Fix:       "ask for what changed at or after the last time seen, not only after it; the dedupe fields sort out what comes again",
}, func(ctx context.Context, f *feed) (string, error) {
	last := newest(f.items)
	if len(f.first.cursor) == 0 || latest(last).IsZero() {
		return "", nil
	}
	made := f.another(last, 1)
	alone := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, []any{made})
	if len(alone.keys) == 0 {
		return "", nil // it is no event at all
	}
	next := f.poll(ctx, f.s.Lab, f.first.cursor, append(slices.Clone(f.items), made))
	switch gone := lost(alone.keys, next.keys); {
	case next.trace.Fault != nil:
		return "", nil
	case len(gone) > 0:
		return fmt.Sprintf("polled again with the cursor %s when %s has come with the time of the last: it is not found", f.first.cursor, some(gone)), nil
	}
	if seen := after(next, latest(last)); seen != "" {
		return fmt.Sprintf("polled again with the cursor %s: it asks only for what is after %s, and the last event is of %s", f.first.cursor, seen, latest(last).Format(time.RFC3339Nano)), nil
	}
	return "", nil
})

// after is a time in a poll's parameters that is later than the last item's by up to a minute: a step that was added.
func after(p poll, last time.Time) string {
	for _, r := range p.trace.Requests {
		query := r.URL.Query()
		for _, name := range slices.Sorted(maps.Keys(query)) {
			for _, v := range query[name] {
				t, _, ok := moment([]string{name}, v)
				if ok && t.After(last) && t.Sub(last) <= time.Minute {
					return v
				}
			}
		}
	}
	return ""
}

var deleted = fed(report.Rule{
	ID: "T009", Title: "When records are deleted, no old event comes as a new one", Severity: report.Error,
	Rationale: "An event that is known by its place in a list is another when a record before it goes, and starts its recipe again.",
	Fix:       "identify events by what the record has of its own",
}, func(ctx context.Context, f *feed) (string, error) {
	items := slices.Concat(f.items, f.batch(0, 2))
	all := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, items)
	for i := range items {
		rest := slices.Delete(slices.Clone(items), i, i+1)
		p := f.poll(ctx, f.s.Lab, all.cursor, rest)
		if made := lost(p.keys, all.keys); all.trace.Fault == nil && len(made) > 0 {
			return fmt.Sprintf("polled again with the cursor %s when item %d is deleted: new events %s", all.cursor, i+1, some(made)), nil
		}
	}
	return "", nil
})

var repeated = fed(report.Rule{
	ID: "T010", Title: "A poll that is made again finds the same events by the same keys", Severity: report.Error,
	Rationale: "After a crash between a poll and its commit the poll is made again. Keys made of chance or of the clock make its events come twice.",
	Fix:       "take what is in dedupe from the vendor's record",
}, func(ctx context.Context, f *feed) (string, error) {
	other, err := f.s.Lab.Elsewhere(ctx)
	if err != nil {
		return "", err
	}
	again := f.poll(ctx, other, f.k.Call.Cursor, f.items)
	first := f.poll(ctx, f.s.Lab, f.k.Call.Cursor, f.items)
	if made := lost(again.keys, first.keys); len(made) > 0 {
		return fmt.Sprintf("polled again at another time: %s instead of %s", some(made), some(first.keys)), nil
	}
	return "", nil
})

var complete = fed(report.Rule{
	ID: "T019", Title: "Of many events at once none is lost", Severity: report.Error,
	Rationale: "After a weekend, or an import, one poll has hundreds of events. Those that it leaves behind its cursor never come.",
	Fix:       "return them all, or move the cursor no further than the last one returned",
}, func(ctx context.Context, f *feed) (string, error) {
	items := f.batch(0, 120)
	if latest(items[0]).IsZero() || len(f.first.cursor) == 0 {
		return "", nil
	}
	var have []string
	cursor := f.first.cursor
	for range 12 {
		p := f.poll(ctx, f.s.Lab, cursor, items)
		if p.trace.Fault != nil {
			return "", nil // that is nothing lost
		}
		if len(lost(p.keys, have)) == 0 {
			break
		}
		have, cursor = append(have, p.keys...), p.cursor
	}
	if len(have) > 0 && count(have) < len(items) {
		return fmt.Sprintf("from a vendor with %d new items: %d events, and then no more", len(items), count(have)), nil
	}
	return "", nil
})
