package testkit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/record"
)

// CompareRequest says which cases to compare with the vendor of today.
type CompareRequest struct {
	Names      []string            // of cases; none: all that were recorded, but for those of operations that may change something
	Connection string              // of the home
	Connect    host.ConnectRequest // else the connection is made of this, where the connector needs one
}

// Comparison is a case beside the same call of today.
type Comparison struct {
	Name        string              `json:"name"` // get_order.txtar
	Recorded    string              `json:"recorded,omitempty"`
	Skipped     string              `json:"skipped,omitempty"` // why the call was not made
	Differences []record.Difference `json:"differences"`
}

// Compare makes the calls of cases again, at the real vendor, and says what is no longer as it was recorded: requests,
// and the status and the shape of answers and results; values may differ. An unknown name matches fs.ErrNotExist.
func Compare(ctx context.Context, b *bundle.Bundle, req CompareRequest, opts LiveOptions) ([]Comparison, error) {
	s, err := openStudio(ctx, b, req.Connect, req.Connection, opts)
	if err != nil {
		return nil, err
	}
	all, err := s.compareAll(ctx, req.Names)
	return all, errors.Join(err, s.lab.Close(context.WithoutCancel(ctx)))
}

func (s *studio) compareAll(ctx context.Context, names []string) ([]Comparison, error) {
	chosen, err := s.choose(names)
	if err != nil {
		return nil, err
	}
	all := []Comparison{}
	for _, k := range chosen {
		c, err := s.compare(ctx, k, len(names) > 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// choose finds the cases of those names, with or without .txtar; without names, those that were recorded.
func (s *studio) choose(names []string) (chosen []*cases.Case, err error) {
	for _, k := range s.lab.Cases() {
		named := slices.ContainsFunc(names, func(n string) bool { return strings.TrimSuffix(n, ".txtar")+".txtar" == k.Name })
		if named || len(names) == 0 && !k.Recorded.IsZero() {
			chosen = append(chosen, k)
		}
	}
	for _, n := range names {
		name := strings.TrimSuffix(n, ".txtar") + ".txtar"
		if !slices.ContainsFunc(chosen, func(k *cases.Case) bool { return k.Name == name }) {
			return nil, fmt.Errorf("there is no case %s that can be read: %w", name, fs.ErrNotExist)
		}
	}
	return chosen, nil
}

func (s *studio) compare(ctx context.Context, k *cases.Case, named bool) (Comparison, error) {
	c := Comparison{Name: k.Name, Differences: []record.Difference{}}
	if !k.Recorded.IsZero() {
		c.Recorded = k.Recorded.Format(time.DateOnly)
	}
	if c.Skipped = s.unfit(k, named); c.Skipped != "" {
		return c, nil
	}
	t, err := s.tape(ctx, k.Name, host.Call{Kind: k.Call.Kind, Operation: k.Call.Operation, Input: k.Call.Input, Cursor: k.Call.Cursor})
	var none *record.NoAnswer
	if errors.As(err, &none) {
		c.Differences = append(c.Differences, record.Difference{Place: "http", What: err.Error()})
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.Differences = record.Drift(k, t.Case)
	return c, nil
}

// unfit says why a case's call is not made again; "" if it is.
func (s *studio) unfit(k *cases.Case, named bool) string {
	op, _ := s.m.Operation(k.Call.Kind, k.Call.Operation)
	auth := k.Call.Auth
	if auth == "" && len(s.m.Auth) > 0 {
		auth = s.m.Auth[0].ID
	}
	switch {
	case !op.ReadOnly && !named:
		return "it may change something at the vendor: name it to make the call again"
	case auth != s.connection.Auth:
		return fmt.Sprintf("it was recorded with auth method %s, the connection has %s", auth, s.connection.Auth)
	case record.Redacted(k):
		return "a part of its call is redacted"
	}
	return ""
}
