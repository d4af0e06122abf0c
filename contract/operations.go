package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"patchbay/manifest"
)

func (c *comparison) actions() {
	pairs(c.old.Actions, c.new.Actions, func(a manifest.Action) string { return a.Name },
		func(i int, a manifest.Action) { c.add(Major, at("actions", i), "action %s is gone", a.Name) },
		func(i int, a manifest.Action) { c.add(Minor, at("actions", i), "action %s is new", a.Name) },
		func(i int, a, b manifest.Action) {
			place := at("actions", i)
			c.input(place+"/input", a.Input, b.Input)
			c.output(place+"/output", a.Output, b.Output)
			c.repeat(place, a, b)
			c.classes(place, a.DataClasses, b.DataClasses)
			c.bounds(place+"/limits", a.Limits, b.Limits)
			c.words(place, a.Title+a.Description, b.Title+b.Description)
			c.samples(place, a.Samples, b.Samples)
		})
}

// repeat compares why an action may be repeated: a run that went on after a crash must not find that it may not.
func (c *comparison) repeat(place string, a, b manifest.Action) {
	switch {
	case a.ReadOnly && !b.ReadOnly:
		c.ask(Major, place+"/read_only", "action %s only read, and now writes", b.Name)
	case !a.ReadOnly && b.ReadOnly:
		c.add(Patch, place+"/read_only", "action %s only reads now", b.Name)
	}
	was, is := repeatable(a), repeatable(b)
	switch {
	case was == is || a.ReadOnly || b.ReadOnly:
	case is == "":
		c.add(Major, place+"/idempotency", "action %s may not be repeated any more", b.Name)
	case was == "":
		c.add(Minor, place+"/idempotency", "action %s may be repeated now: %s", b.Name, is)
	default:
		c.add(Major, place+"/idempotency", "action %s may be repeated for another reason: %s, not %s", b.Name, is, was)
	}
}

func repeatable(a manifest.Action) string {
	i := a.Idempotency
	switch {
	case i == nil:
		return ""
	case i.Header != "":
		return "header " + i.Header
	case i.Lookup != "":
		return "lookup " + i.Lookup
	}
	return "key " + strings.Join(i.Key, ", ")
}

func (c *comparison) triggers() {
	pairs(c.old.Triggers, c.new.Triggers, func(t manifest.Trigger) string { return t.Name },
		func(i int, t manifest.Trigger) { c.add(Major, at("triggers", i), "trigger %s is gone", t.Name) },
		func(i int, t manifest.Trigger) { c.add(Minor, at("triggers", i), "trigger %s is new", t.Name) },
		func(i int, a, b manifest.Trigger) {
			place := at("triggers", i)
			c.input(place+"/input", a.Input, b.Input)
			c.output(place+"/output", a.Output, b.Output)
			if !slices.Equal(slices.Sorted(slices.Values(a.Dedupe)), slices.Sorted(slices.Values(b.Dedupe))) {
				c.add(Major, place+"/dedupe", "events of %s are known by %s, not by %s: all come again, or some are dropped", b.Name, strings.Join(b.Dedupe, ", "), strings.Join(a.Dedupe, ", "))
			}
			c.arrival(place, a, b)
			c.classes(place, a.DataClasses, b.DataClasses)
			c.bounds(place+"/limits", a.Limits, b.Limits)
			c.words(place, a.Title+a.Description, b.Title+b.Description)
			c.samples(place, a.Samples, b.Samples)
		})
}

// arrival compares how events come.
func (c *comparison) arrival(place string, a, b manifest.Trigger) {
	switch {
	case (a.Poll == nil) != (b.Poll == nil):
		c.add(Major, place, "trigger %s comes by other means: its cursor or its subscriptions do not fit any more", b.Name)
	case a.Poll != nil && a.Poll.Least < b.Poll.Least:
		c.add(Major, place+"/poll/least", "users may choose %s at the least, not %s any more", b.Poll.Least, a.Poll.Least)
	case a.Poll != nil && *a.Poll != *b.Poll:
		c.add(Minor, place+"/poll", "it is polled every %s, at the least %s", b.Poll.Every, b.Poll.Least)
	case a.Webhook != nil && !same(a.Webhook.Signature, b.Webhook.Signature):
		c.add(Major, place+"/webhook/signature", "calls are believed for another reason: what vendors send to subscriptions of today may be refused")
	case a.Webhook != nil && !same(a.Webhook, b.Webhook):
		c.add(Minor, place+"/webhook", "the webhook's subscription is another")
	}
}

func (c *comparison) functions() {
	compare := func(section string, old, new []manifest.Function) {
		pairs(old, new, func(f manifest.Function) string { return f.Name },
			func(i int, f manifest.Function) { c.add(Major, at(section, i), "function %s is gone", f.Name) },
			func(i int, f manifest.Function) { c.add(Minor, at(section, i), "function %s is new", f.Name) },
			func(i int, a, b manifest.Function) {
				c.input(at(section, i)+"/input", a.Input, b.Input)
				c.words(at(section, i), a.Description, b.Description)
			})
	}
	compare("options", c.old.Options, c.new.Options)
	compare("schemas", c.old.Schemas, c.new.Schemas)
}

// classes compares what data an operation handles: admins decide by it.
func (c *comparison) classes(place string, old, new []string) {
	for _, class := range new {
		if !slices.Contains(old, class) {
			c.ask(Minor, place+"/data_classes", "it handles %s data now", class)
		}
	}
	for _, class := range old {
		if !slices.Contains(new, class) {
			c.add(Patch, place+"/data_classes", "it handles no %s data any more", class)
		}
	}
}

func (c *comparison) words(place, old, new string) {
	if old != new {
		c.add(Patch, place, "it is described in other words")
	}
}

func (c *comparison) samples(place string, old, new []manifest.Sample) {
	if !same(old, new) {
		c.add(Patch, place+"/samples", "the samples are others")
	}
}

// pairs goes through two lists by name. What is gone has its place in the old list.
func pairs[T any](old, new []T, name func(T) string, gone, fresh func(int, T), both func(int, T, T)) {
	for i, a := range old {
		if !slices.ContainsFunc(new, func(b T) bool { return name(b) == name(a) }) {
			gone(i, a)
		}
	}
	for i, b := range new {
		j := slices.IndexFunc(old, func(a T) bool { return name(a) == name(b) })
		if j < 0 {
			fresh(i, b)
		} else {
			both(i, old[j], b)
		}
	}
}

// same compares by what the manifest would say.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func at(section string, i int) string { return fmt.Sprintf("/%s/%d", section, i) }
