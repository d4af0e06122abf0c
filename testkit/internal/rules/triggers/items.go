package triggers

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/testkit/internal/rule"
)

// walk calls f for every single value within v, with the keys that lead to it. Lists within are left out.
func walk(v any, path []string, f func(path []string, v any)) {
	m, ok := v.(map[string]any)
	if !ok {
		if _, isList := v.([]any); !isList && len(path) > 0 {
			f(path, v)
		}
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		walk(m[key], append(slices.Clone(path), key), f)
	}
}

// copied is an item that can be changed.
func copied(item any) map[string]any {
	b, _ := json.Marshal(item) // it was read from JSON
	m, _ := rule.Decode(b).(map[string]any)
	return m
}

func set(item map[string]any, path []string, v any) {
	for _, key := range path[:len(path)-1] {
		item, _ = item[key].(map[string]any)
	}
	item[path[len(path)-1]] = v
}

// layouts are the forms of a time in an answer.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.000Z07:00", time.RFC3339, "2006-01-02T15:04:05.000", "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04:05Z0700"}

// aboutTime is a key of a time that is written as a number.
var aboutTime = regexp.MustCompile(`(?i)(time|date|_at|_on|At|On|created|updated|modified|changed|since|ts)$`)

// moment reads a time, and a function that writes another in the same form.
func moment(path []string, v any) (time.Time, func(time.Time) any, bool) {
	switch v := v.(type) {
	case string:
		for _, layout := range layouts {
			if t, err := time.Parse(layout, v); err == nil && t.Format(layout) == v {
				return t, func(t time.Time) any { return t.Format(layout) }, true
			}
		}
	case json.Number:
		n, err := v.Int64()
		if err != nil || !aboutTime.MatchString(path[len(path)-1]) {
			return time.Time{}, nil, false
		}
		switch {
		case n > 1e9 && n < 1e10:
			return time.Unix(n, 0).UTC(), func(t time.Time) any { return json.Number(strconv.FormatInt(t.Unix(), 10)) }, true
		case n > 1e12 && n < 1e13:
			return time.UnixMilli(n).UTC(), func(t time.Time) any { return json.Number(strconv.FormatInt(t.UnixMilli(), 10)) }, true
		}
	}
	return time.Time{}, nil, false
}

// latest is the last time in an item; the zero time if it has none.
func latest(item any) time.Time {
	var last time.Time
	walk(item, nil, func(path []string, v any) {
		if t, _, ok := moment(path, v); ok && t.After(last) {
			last = t
		}
	})
	return last
}

// newest is the item with the latest time; of those of one time, and of those without, the last.
func newest(items []any) any {
	last := items[0]
	for _, item := range items[1:] {
		if !latest(item).Before(latest(last)) {
			last = item
		}
	}
	return last
}

// at is an item with all its times at one moment.
func at(item any, when time.Time) map[string]any {
	made := copied(item)
	walk(item, nil, func(path []string, v any) {
		if _, write, ok := moment(path, v); ok {
			set(made, path, write(when))
		}
	})
	return made
}

// another is an item like the one given, the n-th of those that are made: what identifies it is its own.
func (f *feed) another(item any, n int) map[string]any {
	made := copied(item)
	walk(item, nil, func(path []string, v any) {
		if _, _, isTime := moment(path, v); isTime {
			return
		}
		if f.identifies(v) || len(path) == 1 && strings.EqualFold(path[0], "id") {
			set(made, path, renamed(v, n))
		}
	})
	return made
}

// identifies reports whether a value is one that identifies an event.
func (f *feed) identifies(v any) bool {
	return slices.ContainsFunc(f.first.events, func(e map[string]any) bool {
		return slices.ContainsFunc(f.trigger.Dedupe, func(name string) bool { return e[name] != nil && text(e[name]) == text(v) && text(v) != "" })
	})
}

var digits = regexp.MustCompile(`[0-9]+$`)

// renamed is an id of the same form: T-17 becomes T-1017 and 17 becomes 1017.
func renamed(v any, n int) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return json.Number(strconv.FormatInt(i+1000+int64(n), 10))
		}
	case string:
		if tail := digits.FindString(v); tail != "" && len(tail) < 10 {
			i, _ := strconv.Atoi(tail) // digits
			return strings.TrimSuffix(v, tail) + fmt.Sprintf("%0*d", len(tail), i+1000+n)
		}
		if len(v) >= 8 { // ids of a fixed length stay as long, and hexadecimal
			return v[:len(v)-4] + fmt.Sprintf("%04d", n)
		}
		return v + strconv.Itoa(n)
	}
	return v
}

// batch is n items that have not been there, a minute apart, after all that have.
func (f *feed) batch(from, n int) []any {
	last := newest(f.items)
	var all []any
	for i := range n {
		all = append(all, at(f.another(last, from+i), latest(last).Add(time.Duration(from+i+1)*time.Minute)))
	}
	return all
}
