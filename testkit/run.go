package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/manifest"
)

// Options tune a run. The zero value works.
type Options struct {
	CacheDir string // compile cache; defaults to a temporary folder
	Only     string // run only cases whose name contains this
	// Live sends requests to the real vendor instead of replaying a case's answers.
	Live bool
	// Logger receives the log lines of a live session. Nil discards them.
	Logger *slog.Logger
}

// Session is a bundle made ready to be tested.
type Session struct {
	b    *bundle.Bundle
	m    *manifest.Manifest
	host *host.Host
	wire *wire
	logs *logs
	dir  string
	opts Options
}

// Open installs a bundle in a host of its own that knows nothing else. Close it.
func Open(ctx context.Context, b *bundle.Bundle, opts Options) (*Session, error) {
	dir, err := os.MkdirTemp("", "patchbay-test-*")
	if err != nil {
		return nil, err
	}
	s := &Session{
		b: b, m: b.Manifest(), dir: dir, opts: opts, wire: &wire{}, logs: &logs{},
	}
	cfg := host.Config{
		Store: &memory{data: map[string][]byte{}}, Vault: &secrets{data: map[string]map[string]string{}}, Dir: dir, CacheDir: opts.CacheDir,
		Transport: s.wire, Logger: slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if opts.Live {
		cfg.Transport, cfg.Logger = nil, opts.Logger
	}
	s.host, err = host.New(cfg)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if _, err := s.host.Install(ctx, b, "unsigned"); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// Close releases the host and its folder.
func (s *Session) Close(ctx context.Context) error {
	return errors.Join(s.host.Close(ctx), os.RemoveAll(s.dir))
}

// Names returns the names of the cases that [Session.Cases] runs, sorted.
func (s *Session) Names() []string {
	var names []string
	for name := range s.b.Contents().Cases {
		if strings.Contains(name, s.opts.Only) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// Cases runs every case that ships with the bundle.
func (s *Session) Cases(ctx context.Context) Report {
	var r Report
	for _, name := range s.Names() {
		c := s.Case(ctx, name)
		if !c.OK {
			r.add("O100", Error, "testdata/cases/"+name, "", "%s", c.Reason)
		}
		r.Cases = append(r.Cases, c)
	}
	return r
}

// Case runs one case.
func (s *Session) Case(ctx context.Context, name string) CaseResult {
	start := time.Now()
	err := s.run(ctx, name)
	r := CaseResult{Name: name, OK: err == nil, MS: time.Since(start).Milliseconds()}
	if err != nil {
		r.Reason = err.Error()
	}
	return r
}

func (s *Session) run(ctx context.Context, name string) error {
	k, err := parseCase(name, s.b.Contents().Cases[name])
	if err != nil {
		return err
	}
	planted, err := s.connect(ctx, k)
	if err != nil {
		return err
	}
	rt := &replay{left: k.exchanges, secrets: planted}
	s.wire.use(rt)
	s.logs.reset()
	result, err := s.host.Run(ctx, host.Call{
		Connector: s.m.Ref(), Kind: k.call.Kind, Operation: k.call.Operation, Input: k.call.Input, Cursor: k.call.Cursor,
	})
	// What went wrong on the wire explains the result, so it is said first.
	if problem := rt.verdict(); problem != "" {
		return errors.New(problem)
	}
	if err := k.want.check(result, err); err != nil {
		return err
	}
	return s.leak(planted, result, err)
}

// Call runs one operation with a connection made of req, where the connector needs one.
func (s *Session) Call(ctx context.Context, req host.ConnectRequest, c host.Call) (abi.Result, error) {
	req.Connector, c.Connector = s.m.Ref(), s.m.Ref()
	if len(s.m.Auth) > 0 || len(s.m.Connection.Fields) > 0 {
		if _, err := s.host.Connect(ctx, req); err != nil {
			return abi.Result{}, err
		}
	}
	return s.host.Run(ctx, c)
}

// connect makes the case's connection with made-up secrets, and returns them.
func (s *Session) connect(ctx context.Context, k *kase) (planted []string, err error) {
	if len(s.m.Auth) == 0 && len(s.m.Connection.Fields) == 0 {
		return nil, nil
	}
	_, method, fields, err := s.host.Requirements(ctx, s.m.Ref(), k.call.Auth)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name, v := range k.call.Fields {
		values[name] = v
	}
	for _, f := range fields {
		if _, given := values[f.Name]; f.Secret && given {
			return nil, fmt.Errorf("call.json: field %s is a secret: leave it out, the runner plants one", f.Name)
		}
		if f.Secret {
			values[f.Name] = "canary-" + f.Name + "-5f3a9c17e2b84d60"
			planted = append(planted, values[f.Name])
		}
	}
	_, err = s.host.Connect(ctx, host.ConnectRequest{Name: "case", Connector: s.m.Ref(), Auth: method.ID, Values: values})
	return planted, err
}

// leak looks for planted secrets in what a guest can say.
func (s *Session) leak(planted []string, r abi.Result, err error) error {
	var said strings.Builder
	said.Write(host.Output(r))
	if err != nil {
		said.WriteString(err.Error())
	}
	said.WriteString(s.logs.String())
	for _, secret := range planted {
		if strings.Contains(said.String(), secret) {
			return errors.New("a planted credential came back in the result, a fault or a log line")
		}
	}
	return nil
}

// check compares a call's end with what the case expects.
func (w *want) check(r abi.Result, err error) error {
	if w.fault == nil {
		if err != nil {
			return fmt.Errorf("the call failed: %w", err)
		}
		return w.same(r)
	}
	if err == nil {
		return fmt.Errorf("the call succeeded with %s, want a fault %s", clip(host.Output(r)), w.fault.Code)
	}
	f := abi.AsFault(err)
	switch {
	case f.Code != w.fault.Code:
		return fmt.Errorf("fault %s (%s), want code %s", f.Code, f.Message, w.fault.Code)
	case w.fault.Field != "" && f.Field != w.fault.Field:
		return fmt.Errorf("fault at %q, want %q (%s)", f.Field, w.fault.Field, f.Message)
	case w.fault.Message != "" && f.Message != w.fault.Message:
		return fmt.Errorf("fault message\n%s\nwant\n%s", f.Message, w.fault.Message)
	}
	return nil
}

func (w *want) same(r abi.Result) error {
	if isPage := r.Status == abi.StatusPage; isPage != (w.file == "page.json") {
		return fmt.Errorf("the call answered %s, but %s is expected", r.Status, w.file)
	}
	var got, exp any
	if err := errors.Join(unmarshal(host.Output(r), &got), unmarshal(w.output, &exp)); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, exp) {
		g, _ := json.MarshalIndent(got, "", "  ")
		e, _ := json.MarshalIndent(exp, "", "  ")
		return fmt.Errorf("output is\n%s\nwant (%s)\n%s", clip(g), w.file, clip(e))
	}
	return nil
}

// wire is the transport of the whole session; each case puts its own exchanges on it.
type wire struct {
	mu sync.Mutex // guards rt
	rt http.RoundTripper
}

func (w *wire) use(rt http.RoundTripper) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rt = rt
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	rt := w.rt
	w.mu.Unlock()
	if rt == nil {
		return nil, errors.New("no case is running")
	}
	return rt.RoundTrip(r)
}

// logs keeps what was logged during one case.
type logs struct {
	mu  sync.Mutex // guards buf
	buf []byte
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	return len(p), nil
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf)
}

func (l *logs) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = slices.Delete(l.buf, 0, len(l.buf))
}
