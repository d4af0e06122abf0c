package testkit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/internal/rules"
	"patchbay/testkit/report"
	"patchbay/wasm"
)

// Options tune a certification. The zero value looks at everything.
type Options struct {
	CacheDir string         // compile cache; defaults to a temporary folder
	Previous *bundle.Bundle // the version before, to compare with
	Only     []string       // look only at these rules; such a report cannot be signed
	Skip     []report.Skip  // leave these rules out, for a reason that the report repeats
	Static   bool           // look only at rules that need no run of the guest
	// Progress is told before each rule, when it is not nil.
	Progress func(done, total int, rule report.Rule)
}

// Certify looks for everything that is not in order with a connector. The same bundle, options and version of Patchbay
// give the same report, byte for byte, on every machine; no vendor is called. An error means that it could not look.
func Certify(ctx context.Context, b *bundle.Bundle, opts Options) (report.Report, error) {
	chosen, err := choose(opts)
	if err != nil {
		return report.Report{}, err
	}
	l, err := lab.Open(ctx, b, lab.Options{CacheDir: opts.CacheDir})
	if err != nil {
		return report.Report{}, err
	}
	r, err := certify(ctx, b, l, chosen, opts)
	return r, errors.Join(err, l.Close(context.WithoutCancel(ctx)))
}

func certify(ctx context.Context, b *bundle.Bundle, l *lab.Lab, chosen []rules.Family, opts Options) (report.Report, error) {
	s, err := rule.NewSubject(b, opts.Previous, l)
	if err != nil {
		return report.Report{}, err
	}
	r := report.Report{
		RuleSet: RuleSet(), Connector: b.Ref(), Bundle: b.Digest(), Host: fmt.Sprint(host.Version), Hardener: fmt.Sprint(wasm.HardenVersion),
		Only: opts.Only, Skipped: opts.Skip, Findings: []report.Finding{}, Permissions: permissions(s.Manifest),
	}
	if opts.Previous != nil {
		r.Previous = opts.Previous.Digest()
	}
	if runs(chosen) {
		if err := l.Ready(ctx); err != nil {
			return report.Report{}, err
		}
	}
	progress := newProgress(chosen, opts.Progress)
	for _, f := range chosen {
		family := report.Family{ID: f.ID, Title: f.Title}
		for _, rule := range f.Rules {
			progress(rule.Rule)
			found, err := rule.Run(ctx, s)
			if err := errors.Join(err, l.Spent()); err != nil {
				return report.Report{}, err
			}
			count(&family, found)
			r.Findings = append(r.Findings, found...)
		}
		r.Families = append(r.Families, family)
	}
	if r.Cases, r.Figures, err = measured(ctx, l, opts); err != nil {
		return report.Report{}, err
	}
	r.Close()
	return r, ctx.Err()
}

// runs reports whether one of the rules runs the guest.
func runs(chosen []rules.Family) bool {
	return slices.ContainsFunc(chosen, func(f rules.Family) bool {
		return slices.ContainsFunc(f.Rules, func(r rule.Rule) bool { return !r.Static })
	})
}

// count adds what one rule has found to its family's account.
func count(f *report.Family, found []report.Finding) {
	f.Rules++
	broken := false
	for _, x := range found {
		switch x.Severity {
		case report.Error:
			f.Errors++
		case report.Warning:
			f.Warnings++
		case report.Note:
			f.Notes++
		}
		broken = broken || x.Severity != report.Note
	}
	if broken {
		f.Broken++
	}
}

// measured is how the cases went and what they cost.
func measured(ctx context.Context, l *lab.Lab, opts Options) ([]report.Case, []report.Figure, error) {
	all, figures := []report.Case{}, []report.Figure{}
	if opts.Static || len(opts.Only) > 0 {
		return all, figures, nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.Unreadable())) {
		all = append(all, unreadable(l, name))
	}
	for _, t := range l.Replays(ctx) {
		c := outcome(t)
		all = append(all, c)
		i := slices.IndexFunc(figures, func(f report.Figure) bool { return f.Operation == c.Operation })
		if i < 0 {
			i, figures = len(figures), append(figures, report.Figure{Operation: c.Operation})
		}
		f := &figures[i]
		f.Fuel, f.Memory = max(f.Fuel, t.Usage.Fuel), max(f.Memory, t.Usage.PeakMemory)
		f.HTTPCalls, f.Wall = max(f.HTTPCalls, t.Usage.HTTPCalls), max(f.Wall, t.Usage.Wall+t.Usage.Waited)
	}
	trials, err := l.Faults(ctx, lab.Kinds...)
	for _, t := range trials {
		i := slices.IndexFunc(figures, func(f report.Figure) bool { return f.Operation == outcome(t.Trace).Operation })
		figures[i].Faults++ // of cases, so there is one
	}
	return all, figures, errors.Join(err, l.Spent())
}

// choose returns the rules to look at. A rule that is not there is an error: nothing is skipped by a slip of the pen.
func choose(opts Options) ([]rules.Family, error) {
	all := rules.Families()
	known := map[string]bool{}
	for i := range all {
		for _, r := range all[i].Rules {
			known[r.ID] = true
			if r.Compares && opts.Previous == nil && slices.Contains(opts.Only, r.ID) {
				return nil, fmt.Errorf("rule %s compares with the version before: name one, as with --previous", r.ID)
			}
		}
		all[i].Rules = slices.DeleteFunc(all[i].Rules, func(r rule.Rule) bool { return !wanted(r, opts) })
	}
	for _, id := range slices.Concat(opts.Only, skipped(opts)) {
		if !known[id] {
			return nil, fmt.Errorf("there is no rule %q: 'pack rules' lists them", id)
		}
	}
	for _, s := range opts.Skip {
		if strings.TrimSpace(s.Reason) == "" {
			return nil, fmt.Errorf("rule %s is left out without a reason: whoever installs the connector is shown one", s.Rule)
		}
	}
	return slices.DeleteFunc(all, func(f rules.Family) bool { return len(f.Rules) == 0 }), nil
}

func wanted(r rule.Rule, opts Options) bool {
	return (!opts.Static || r.Static) && (!r.Compares || opts.Previous != nil) && (len(opts.Only) == 0 || slices.Contains(opts.Only, r.ID)) && !slices.Contains(skipped(opts), r.ID)
}

func skipped(opts Options) []string {
	var ids []string
	for _, s := range opts.Skip {
		ids = append(ids, s.Rule)
	}
	return ids
}

func newProgress(chosen []rules.Family, tell func(done, total int, r report.Rule)) func(report.Rule) {
	total, done := 0, 0
	for _, f := range chosen {
		total += len(f.Rules)
	}
	return func(r report.Rule) {
		if tell != nil {
			tell(done, total, r)
		}
		done++
	}
}
