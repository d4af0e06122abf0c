package testkit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"patchbay/bundle"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
)

// Updated is what became of one case's expectation.
type Updated struct {
	Name    string `json:"name"`
	Changed bool   `json:"changed"`
	Diff    string `json:"diff,omitempty"`    // of what is expected: lines that went with "-", that came with "+"
	Problem string `json:"problem,omitempty"` // why the case fails and cannot be updated: its requests are others now
	Text    []byte `json:"-"`                 // of the case's file
}

// Update replays the cases whose file name contains a part, and has those that end otherwise expect what they gave. What
// is recorded stays as it is; a case whose replay makes other requests, or gives a credential away, is left.
func Update(ctx context.Context, b *bundle.Bundle, part, cacheDir string) ([]Updated, error) {
	l, err := lab.Open(ctx, b, lab.Options{CacheDir: cacheDir})
	if err != nil {
		return nil, err
	}
	var all []Updated
	for _, k := range l.Cases() {
		if strings.Contains(k.Name, part) {
			all = append(all, update(ctx, l, k, b.Contents().Cases[k.Name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Unreadable())) {
		if strings.Contains(name, part) {
			all = append(all, Updated{Name: name, Problem: l.Unreadable()[name].Error()})
		}
	}
	return all, errors.Join(ctx.Err(), l.Close(context.WithoutCancel(ctx)))
}

func update(ctx context.Context, l *lab.Lab, k *cases.Case, text []byte) Updated {
	u := Updated{Name: k.Name}
	if l.Replay(ctx, k).Problem == "" {
		return u
	}
	want, err := l.Expect(ctx, k)
	if err == nil {
		u.Text, u.Diff, err = k.Expecting(want, text)
	}
	if err != nil {
		u.Problem = err.Error()
	}
	u.Changed = err == nil
	return u
}
