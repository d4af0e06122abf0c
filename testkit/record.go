package testkit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/record"
)

// RecordRequest says what to record.
type RecordRequest struct {
	Name    string              // of the case's file: "get_order.txtar"
	Comment string              // what the case shows; default made of the operation's title and how it ended
	Day     time.Time           // when it is
	Call    host.Call           // with Connection set, the connection is the home's
	Connect host.ConnectRequest // else it is made of this, where the connector needs one
}

// Recording is a case that was made of a live call.
type Recording struct {
	Text     []byte         `json:"-"`               // of the case's file
	Requests int            `json:"requests"`        // that are in it
	Want     string         `json:"want"`            // the file in it that says what is expected: output.json, page.json or fault.json
	Fault    *abi.Fault     `json:"fault,omitempty"` // that the call ended with; not every author meant it to
	Personal []record.Found `json:"personal"`        // what looks like personal data, for the author to replace
}

// Record makes a call at the real vendor, and a case of it: without secrets, at the manifest's own addresses, with the
// last try alone of requests that were repeated. The case has been replayed: what it expects is what the replay gave.
// It is an error if the replay's requests are not those of the live call, and if a secret is left in the case.
func Record(ctx context.Context, b *bundle.Bundle, req RecordRequest, opts LiveOptions) (Recording, error) {
	s, err := openStudio(ctx, b, req.Connect, req.Call.Connection, opts)
	if err != nil {
		return Recording{}, err
	}
	r, err := s.record(ctx, b, req, opts)
	return r, errors.Join(err, s.lab.Close(context.WithoutCancel(ctx)))
}

// studio is a live lab whose exchanges are kept.
type studio struct {
	lab        *lab.Lab
	m          *manifest.Manifest
	connection host.Connection // zero if the connector needs none
	exchanges  []host.Exchange
}

// openStudio opens it with a connection of the home's, or with one that is made of req.
func openStudio(ctx context.Context, b *bundle.Bundle, req host.ConnectRequest, connection string, opts LiveOptions) (*studio, error) {
	s := &studio{m: b.Manifest()}
	o := opts.lab()
	o.Record = func(e host.Exchange) { s.exchanges = append(s.exchanges, e) }
	var err error
	if s.lab, err = lab.Open(ctx, b, o); err != nil {
		return nil, err
	}
	switch {
	case !s.lab.Connects():
	case connection != "":
		s.connection, err = s.lab.Connection(ctx, connection)
	default:
		s.connection, err = s.lab.Connect(ctx, req)
	}
	if err != nil {
		return nil, errors.Join(err, s.lab.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// tape makes a call, and a case of it.
func (s *studio) tape(ctx context.Context, name string, c host.Call) (*record.Tape, error) {
	c.Connection = s.connection.Name
	if err := settle(s.m, &c); err != nil {
		return nil, err
	}
	before, err := s.secrets(ctx)
	if err != nil {
		return nil, err
	}
	s.exchanges = nil
	result, err := s.lab.Call(ctx, host.ConnectRequest{}, c)
	var fault *abi.Fault
	if err != nil && !errors.As(err, &fault) {
		return nil, err
	}
	after, err := s.secrets(ctx)
	if err != nil {
		return nil, err
	}
	live := &record.Live{Name: name, Manifest: s.m, Connection: s.connection, Call: c, Exchanges: s.exchanges, Result: result, Fault: fault,
		Secrets: append(record.Secrets(before), record.Secrets(after)...)}
	return live.Case()
}

// secrets are the connection's, which a call may renew.
func (s *studio) secrets(ctx context.Context) (map[string]string, error) {
	if s.connection.Name == "" {
		return nil, nil
	}
	all, err := s.lab.Secrets(ctx, s.connection.Name)
	return maps.Clone(all), err
}

// settle gives a call the kind of its operation, and what the host would put in the place of nothing.
func settle(m *manifest.Manifest, c *host.Call) error {
	for _, op := range m.Operations() {
		if op.Name == c.Operation && (c.Kind == "" || c.Kind == op.Kind) {
			c.Kind = op.Kind
			return nil
		}
	}
	return abi.Faultf(abi.NotFound, "%s has no operation %q", m.Ref(), c.Operation)
}

func (s *studio) record(ctx context.Context, b *bundle.Bundle, req RecordRequest, opts LiveOptions) (Recording, error) {
	t, err := s.tape(ctx, req.Name, req.Call)
	if err != nil {
		return Recording{}, err
	}
	k := t.Case
	live := k.Want.File
	if err := expect(ctx, b, k, opts.CacheDir); err != nil {
		return Recording{}, err
	}
	if k.Want.File != live {
		return Recording{}, fmt.Errorf("live, the call ended with %s, but replayed with %s: the connector heeds something that a case does not hold, such as the time or a redacted value", live, k.Want.File)
	}
	k.Recorded, k.Comment = req.Day.UTC().Truncate(24*time.Hour), req.Comment
	if k.Comment == "" {
		k.Comment = comment(s.m, k)
	}
	text, err := t.Text()
	if err != nil {
		return Recording{}, err
	}
	r := Recording{Text: text, Requests: len(k.Exchanges), Want: k.Want.File, Personal: record.Personal(text)}
	if f := k.Want.Fault; f != nil {
		r.Fault = &abi.Fault{Code: f.Code, Field: f.Field, Message: f.Message}
	}
	return r, nil
}

// expect replays a new case, and has it expect what that gives.
func expect(ctx context.Context, b *bundle.Bundle, k *cases.Case, cacheDir string) error {
	l, err := lab.Open(ctx, b, lab.Options{CacheDir: cacheDir})
	if err != nil {
		return err
	}
	want, err := l.Expect(ctx, k)
	if err != nil {
		err = fmt.Errorf("replayed, the call does not go as it went live, so that no case was made of it; a connector that puts the time, chance or a redacted value into its requests cannot be replayed: %w", err)
	}
	k.Want = want
	return errors.Join(err, l.Close(context.WithoutCancel(ctx)))
}

// comment says in a sentence what a case shows.
func comment(m *manifest.Manifest, k *cases.Case) string {
	title := map[abi.Kind]string{abi.KindTest: "The test of a connection", abi.KindOptions: "Choices: " + k.Call.Operation, abi.KindSchema: "Schema: " + k.Call.Operation}[k.Call.Kind]
	if a, ok := m.Action(k.Call.Operation); ok && k.Call.Kind == abi.KindAction {
		title = a.Title
	}
	if t, ok := m.Trigger(k.Call.Operation); ok && k.Call.Kind == abi.KindTrigger {
		title = t.Title
	}
	if k.Want.Fault != nil {
		return title + " fails with " + string(k.Want.Fault.Code) + "."
	}
	return title + "."
}
