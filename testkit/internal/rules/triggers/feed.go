package triggers

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
)

// feed is a poll trigger with a case of its first poll, and the list in the vendor's answer that its events come from.
// Polls are tried with that list changed.
type feed struct {
	s       *rule.Subject
	trigger manifest.Trigger
	title   string // "trigger new_order"
	k       *cases.Case
	list    lab.List
	items   []any
	first   poll // with the items as they were recorded
}

// poll is how one poll went.
type poll struct {
	trace  lab.Trace
	keys   []string // of its events, by which the host knows them
	events []map[string]any
	cursor json.RawMessage // nil for none
}

type feedsKey struct{}

// feeds are the poll triggers that have a case with events from a list. They are found once.
func feeds(ctx context.Context, s *rule.Subject) []*feed {
	return rule.Once(s, feedsKey{}, func() []*feed {
		var all []*feed
		for _, t := range s.Manifest.Triggers {
			if t.Poll == nil {
				continue
			}
			for _, k := range polls(s, t.Name) {
				f := &feed{s: s, trigger: t, title: "trigger " + t.Name, k: k}
				if !hasCursor(k) && f.open(ctx) {
					all = append(all, f)
					break
				}
			}
		}
		return all
	})
}

// open finds the list: the one whose objects hold the most of what identifies the case's events.
func (f *feed) open(ctx context.Context) bool {
	f.first = f.read(f.s.Lab.Try(ctx, lab.Try{Case: f.k, Call: f.k.Call}))
	best := 0
	for _, x := range f.k.Exchanges {
		for _, l := range lab.Lists(x.AnswerBody) {
			if n := f.sources(l.Items); n > best {
				f.list, f.items, best = l, l.Items, n
			}
		}
	}
	return best > 0
}

// sources counts the items that hold a value which identifies some event.
func (f *feed) sources(items []any) int {
	n := 0
	for _, item := range items {
		texts := scalars(item)
		if slices.ContainsFunc(f.first.events, func(e map[string]any) bool {
			return slices.ContainsFunc(f.trigger.Dedupe, func(name string) bool { return slices.Contains(texts, text(e[name])) })
		}) {
			n++
		}
	}
	return n
}

// poll polls a vendor that has these items. Where the case has several pages, all are on the first.
func (f *feed) poll(ctx context.Context, l *lab.Lab, cursor json.RawMessage, items []any) poll {
	call := f.k.Call
	call.Cursor = cursor
	given := false
	return f.read(l.Try(ctx, lab.Try{Case: f.k, Call: call, Change: func(_ int, x cases.Exchange) cases.Exchange {
		if _, ok := f.list.Of(x.AnswerBody); !ok {
			return x
		}
		now := items
		if given {
			now = []any{}
		}
		given = true
		x.AnswerBody = f.list.In(x.AnswerBody, now)
		return x
	}}))
}

func (f *feed) read(t lab.Trace) poll {
	p := poll{trace: t}
	var page struct {
		Items  []json.RawMessage `json:"items"`
		Cursor json.RawMessage   `json:"cursor"`
	}
	if t.Fault != nil || t.Status != abi.StatusPage || json.Unmarshal(t.Output, &page) != nil {
		return p
	}
	if string(page.Cursor) != "null" {
		p.cursor = page.Cursor
	}
	for _, raw := range page.Items {
		event, _ := rule.Decode(raw).(map[string]any)
		p.events = append(p.events, event)
		p.keys = append(p.keys, f.key(event))
	}
	return p
}

// key is what identifies an event.
func (f *feed) key(event map[string]any) string {
	var parts []string
	for _, name := range f.trigger.Dedupe {
		parts = append(parts, name+"="+text(event[name]))
	}
	return strings.Join(parts, " ")
}

// lost are the keys in want that are not in have.
func lost(want, have []string) []string {
	var all []string
	for _, key := range want {
		if !slices.Contains(have, key) && !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	return all
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	b, _ := json.Marshal(v) // it was read from JSON
	return string(b)
}

// scalars are the texts of all single values within v.
func scalars(v any) []string {
	var all []string
	walk(v, nil, func(_ []string, v any) { all = append(all, text(v)) })
	return all
}

// some shows the first keys of a list.
func some(keys []string) string {
	if len(keys) > 3 {
		return strings.Join(keys[:3], "; ") + "; ..."
	}
	return strings.Join(keys, "; ")
}
