package testkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sort"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/memory"
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
		Store: &memory.Store{}, Vault: &memory.Vault{}, Dir: dir, CacheDir: opts.CacheDir,
		IsConflict: memory.IsConflict, Transport: s.wire, NoRetries: !opts.Live, Logger: slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
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
			r.add("O100", Error, "testdata/cases/"+name, "correct the guest or the case; docs/cases.md says what a case looks like", "%s", c.Reason)
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
	data, ok := s.b.Contents().Cases[name]
	if !ok {
		return fmt.Errorf("there is no case %s", name)
	}
	k, err := parseCase(name, data)
	if err != nil {
		return err
	}
	planted, err := s.connect(ctx, k)
	if err != nil {
		return err
	}
	rt := &replay{left: k.exchanges, planted: planted}
	s.wire.use(rt)
	s.logs.reset()
	result, err := s.host.Run(ctx, host.Call{
		Connector: s.m.Ref(), Kind: k.call.Kind, Operation: k.call.Operation, Input: k.call.Input, Cursor: k.call.Cursor,
	})
	if planted.leaked(result, err, s.logs.String()) {
		return errors.New("a planted credential came back in the result, a fault or a log line")
	}
	// What went wrong on the wire explains the result, so it is said first.
	if problem := rt.verdict(err); problem != "" {
		return errors.New(problem)
	}
	return k.want.check(result, err)
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
