package host

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/internal/memory"
	"patchbay/manifest"
)

// store is a connector with one action for each promise about repetition.
const store = `
schema: patchbay/v1
publisher: acme
name: store
version: 1.0.0
title: Store
description: Sells things.
categories: [commerce]
license: MIT
guest: {package: .}
auth:
  - {id: token, type: bearer}
http:
  - {id: api, url: "https://api.store.example/v1", methods: [GET, POST, PUT]}
retry: {attempts: 2, base: 1s}
actions:
  - {name: plain, title: Plain, description: Writes., input: {type: object}, output: {type: object}}
  - {name: read, title: Read, description: Reads., read_only: true, input: {type: object}, output: {type: object}}
  - {name: upsert, title: Upsert, description: Writes by a key., input: {type: object, required: [id], properties: {id: {type: string}}}, output: {type: object}, idempotency: {key: [id]}}
  - {name: keyed, title: Keyed, description: Writes with a key., input: {type: object}, output: {type: object}, idempotency: {header: Idempotency-Key}}
`

// sending is a guest that makes requests in order and stops at the first that fails.
func sending(requests ...string) func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
	return func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		for _, r := range requests {
			method, path, _ := strings.Cut(r, " ")
			resp := do(ctx, abi.Request{Method: method, URL: "https://api.store.example/v1" + path})
			if resp.Fault != nil {
				return abi.Fail(resp.Fault), nil
			}
			if resp.Failure != nil {
				return abi.Fail(resp.Failure), nil
			}
		}
		return abi.Done(json.RawMessage(`{}`)), nil
	}
}

// scripted is a vendor that answers paths with a status, cuts /cut off, and counts.
type scripted struct{ seen []string }

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = append(s.seen, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1"))
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		s.seen[len(s.seen)-1] += " with a key"
	}
	status := map[string]int{"/v1/ok": 200, "/v1/busy": 503, "/v1/broken": 500, "/v1/bad": 422}[r.URL.Path]
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func TestDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		action   string
		requests []string
		code     abi.Code // "" for success
		seen     int      // requests that the vendor saw
	}{
		"a write that was cut off":              {"plain", []string{"POST /cut"}, abi.InDoubt, 1},
		"a write that broke the vendor":         {"plain", []string{"POST /broken"}, abi.InDoubt, 1},
		"a write that was refused":              {"plain", []string{"POST /bad"}, abi.InvalidInput, 1},
		"a read that was cut off":               {"plain", []string{"GET /cut"}, abi.Unavailable, 3},
		"a write, then a read that was cut off": {"plain", []string{"POST /ok", "GET /cut"}, abi.InDoubt, 4},
		"a write, then one that was refused":    {"plain", []string{"POST /ok", "POST /bad"}, abi.InvalidInput, 2},
		"a reading action by POST":              {"read", []string{"POST /cut"}, abi.Unavailable, 3},
		"an upsert by POST":                     {"upsert", []string{"POST /cut"}, abi.InDoubt, 1},
		"an upsert by PUT":                      {"upsert", []string{"PUT /cut"}, abi.Unavailable, 3},
		"a write with a key":                    {"keyed", []string{"POST /cut"}, abi.Unavailable, 3},
		"a write that succeeds":                 {"plain", []string{"POST /ok"}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, vendor := newWorld(t), &scripted{}
				w.wire = vendor.RoundTrip
				w.install(t, store)
				w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
				w.engine.call = sending(c.requests...)
				_, err := w.Run(t.Context(), Call{Connector: "store", Operation: c.action, Input: json.RawMessage(`{"id": "1"}`), Key: "key-7"})
				if code := codeOf(err); code != c.code || len(vendor.seen) != c.seen {
					t.Errorf("%v (%s) after %v; want %q after %d requests", err, code, vendor.seen, c.code, c.seen)
				}
				if c.action == "keyed" && !strings.Contains(err.Error(), "the key key-7") {
					t.Errorf("the fault does not say by which key to repeat the call: %v", err)
				}
				if c.action == "keyed" && !strings.HasSuffix(vendor.seen[0], "with a key") {
					t.Errorf("the vendor saw %v, want the action's key", vendor.seen)
				}
				last := w.audit.entries[len(w.audit.entries)-1]
				if last.Kind != audit.Run || last.Code != string(c.code) || len(last.Egress) == 0 || !last.Egress[0].Authorized {
					t.Errorf("the audit log says %+v", last)
				}
			})
		})
	}
}

func codeOf(err error) abi.Code {
	if err == nil {
		return ""
	}
	return abi.AsFault(err).Code
}

// What an attempt has done is done when a later one fails, whatever it fails by; and a later write is another one for
// the vendor.
func TestDoubt_Pending(t *testing.T) {
	for name, c := range map[string]struct {
		action string
		second []string // requests of the second attempt
		cancel bool     // while the vendor's work is waited for
		code   abi.Code
	}{
		"a read that was cut off":     {"plain", []string{"GET /cut"}, false, abi.InDoubt},
		"a write that was refused":    {"plain", []string{"POST /bad"}, false, abi.InvalidInput},
		"nobody waits for the end":    {"plain", nil, true, abi.InDoubt},
		"a reading action":            {"read", []string{"GET /cut"}, false, abi.Unavailable},
		"another write with a key":    {"keyed", []string{"POST /ok", "POST /cut"}, false, abi.Unavailable},
		"a reading action, cancelled": {"read", nil, true, abi.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, vendor, keys := newWorld(t), &scripted{}, map[string]bool{}
				w.wire = func(r *http.Request) (*http.Response, error) {
					keys[r.Header.Get("Idempotency-Key")] = true
					return vendor.RoundTrip(r)
				}
				w.install(t, store)
				w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
				w.engine.call = func(ctx context.Context, env abi.Envelope, do func(context.Context, abi.Request) abi.Response, log func(abi.LogRecord)) (abi.Result, error) {
					if env.Attempt > 1 {
						return sending(c.second...)(ctx, env, do, log)
					}
					r, err := sending("POST /ok")(ctx, env, do, log)
					r.Status, r.State, r.After, r.Output = abi.StatusPending, json.RawMessage(`1`), 60, nil
					return r, err
				}
				ctx := t.Context()
				if c.cancel {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
					defer cancel()
				}
				_, err := w.Run(ctx, Call{Connector: "store", Operation: c.action})
				if codeOf(err) != c.code {
					t.Errorf("%v, want %s", err, c.code)
				}
				if c.action == "keyed" && (len(keys) != 3 || strings.Count(err.Error(), "give the key") != 1) {
					t.Errorf("the vendor saw %d keys for three writes; %v", len(keys), err)
				}
				if n := w.audit.count(audit.Run); c.second != nil && n != 2 {
					t.Errorf("%d calls are on record, want both attempts", n)
				}
			})
		})
	}
}

// A write that is under way when the call's time is up may have taken effect.
func TestDoubt_TimeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.wire = func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		w.install(t, store)
		w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
		w.engine.call = sending("POST /slow")
		start := time.Now()
		_, err := w.Run(t.Context(), Call{Connector: "store", Operation: "plain"})
		if codeOf(err) != abi.InDoubt || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v, want in_doubt after the call's own 30s", err, time.Since(start))
		}
	})
}

// What the audit log cannot take is not forgotten, and nothing new is done until it has been written.
func TestAudit_Owed(t *testing.T) {
	w, vendor := newWorld(t), &scripted{}
	w.wire = vendor.RoundTrip
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	w.engine.call = sending("GET /ok")
	run := func() error {
		_, err := w.Run(t.Context(), Call{Connector: "store", Operation: "read"})
		return err
	}
	w.audit.fails = errors.New("the disk is full")
	if err := run(); err != nil {
		t.Fatalf("a call that was made keeps its result: %v", err)
	}
	for range 2 {
		if err := run(); codeOf(err) != abi.Unavailable || !strings.Contains(err.Error(), "audit log") {
			t.Fatalf("a call without a record gives %v", err)
		}
	}
	if _, err := w.Connect(t.Context(), ConnectRequest{Connector: "store", Name: "other", Values: map[string]string{"token": "s3cret-token"}}); err == nil {
		t.Error("a connection was made without a record")
	}
	w.audit.fails = nil
	if err := run(); err != nil {
		t.Fatal(err)
	}
	if n := w.audit.count(audit.Run); n != 2 || len(vendor.seen) != 2 {
		t.Errorf("%d calls are recorded and %d were made, want the two", n, len(vendor.seen))
	}
}

// A process that ends with something off the record says so: the next one knows nothing of it.
func TestAudit_OwedAtClose(t *testing.T) {
	w := newWorld(t)
	w.install(t, store)
	w.audit.fails = errors.New("the log was changed")
	w.recorder.add(t.Context(), audit.Entry{Kind: audit.Run})
	err := w.Close(t.Context())
	if err == nil || !strings.Contains(err.Error(), "was done") || !errors.Is(err, w.audit.fails) {
		t.Errorf("Close = %v, want the failure of the log", err)
	}
	w.audit.fails = nil
	if err := w.Close(t.Context()); err != nil || w.audit.count(audit.Run) != 1 {
		t.Errorf("Close = %v with %d entries, want the one that was owed", err, w.audit.count(audit.Run))
	}
}

// A log that cannot be written is found out before the first thing is done, not by it.
func TestAudit_NotReady(t *testing.T) {
	w, vendor := newWorld(t), &scripted{}
	w.wire = vendor.RoundTrip
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	w.engine.call = sending("GET /ok")
	next, err := New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	next.guests = w.engine
	w.audit.fails = errors.New("the log was changed")
	if _, err := next.Run(t.Context(), Call{Connector: "store", Operation: "read"}); codeOf(err) != abi.Unavailable || len(vendor.seen) != 0 {
		t.Errorf("%v after %d requests, want unavailable and none", err, len(vendor.seen))
	}
	if err := next.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// chunks is a store for an audit log of one process.
type chunks struct{ *memory.Store }

func (c chunks) Create(ctx context.Context, key string, value []byte) error {
	if _, err := c.Get(ctx, key); err == nil {
		return fs.ErrExist
	}
	return c.Put(ctx, key, value)
}

// Whatever a guest asks for, the log takes the entry about it.
func TestAudit_AnyMethod(t *testing.T) {
	w := newWorld(t)
	w.wire = (&scripted{}).RoundTrip
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	log, err := audit.Open(t.Context(), audit.Config{Store: chunks{&memory.Store{}}, KeyFile: filepath.Join(w.dir, "audit.key"), Checkpoint: filepath.Join(w.dir, "checkpoint")})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	w.recorder.audit = log
	methods := []string{"A B", "GET /x?y#z", "", "\x00\n", strings.Repeat("X", 5000)}
	w.engine.call = func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		for _, m := range methods {
			do(ctx, abi.Request{Method: m, URL: "https://api.store.example/v1/ok"})
		}
		return abi.Done(json.RawMessage(`{}`)), nil
	}
	for range 2 {
		if _, err := w.Run(t.Context(), Call{Connector: "store", Operation: "read"}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := log.List(t.Context(), audit.Query{})
	if err != nil || len(list) != 2 || len(list[0].Egress) == 0 {
		t.Errorf("%+v, %v; want an entry for each call", list, err)
	}
}

func TestLimitsFor(t *testing.T) {
	const head = "http:\n  - {id: api, url: 'https://api.store.example/v1', methods: [GET]}\n  - {id: files, url: 'https://files.store.example', methods: [GET]}\n"
	quotas := func(text string) *manifest.Manifest {
		t.Helper()
		i := strings.Index(store, "http:\n")
		j := strings.Index(store, "retry:")
		m, err := manifest.Parse([]byte(store[:i] + "connection:\n  fields: [{name: org, required: true}]\n  test: test\n" + head + "quotas:\n" + text + "\n" + store[j:]))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	urls := map[string]string{"api": "https://api.store.example/v1", "files": "https://files.store.example"}
	for text, want := range map[string]string{
		`  - {id: minute, key: account, account: "{org}", requests: 100, per: 1m}`:                    "account/api.store.example/o%2F1/1m",
		`  - {id: other, key: account, account: "{org}", requests: 60, per: 60s}`:                     "account/api.store.example/o%2F1/1m", // another author's words for the same
		`  - {id: files, key: account, account: "{org}", requests: 100, per: 1m, grants: [files]}`:    "account/files.store.example/o%2F1/1m",
		`  - {id: many, key: account, account: "{org}", concurrency: 3}`:                              "account/api.store.example/o%2F1/at-once",
		`  - {id: writes, key: account, account: "{org}", requests: 1, per: 1s, methods: [PUT, GET]}`: "account/api.store.example/o%2F1/1s GET PUT",
		`  - {id: app, key: app, requests: 1, per: 1s}`:                                               "app/api.store.example/client-7/1s",
		`  - {id: own, requests: 1, per: 1s}`:                                                         "connection/mine/own",
	} {
		list, err := limitsFor(quotas(text), "mine", "client-7", map[string]string{"org": "o/1"}, urls)
		if err != nil || len(list) != 1 || list[0].bucket.Key != want {
			t.Errorf("%s: %+v, %v; want the bucket %s", text, list, err, want)
		}
	}
}

// A guest that is told to wait for longer than it may has its own time for the rest, and no more.
func TestThrottled_OwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.wire = func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"600"}}, Body: http.NoBody, Request: r}, nil
		}
		w.install(t, store)
		w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
		w.engine.call = func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
			short, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			do(short, abi.Request{Method: "GET", URL: "https://api.store.example/v1/ok"})
			<-ctx.Done() // it computes
			return abi.Result{}, abi.Faultf(abi.Canceled, "cancelled")
		}
		start := time.Now()
		var used Usage
		_, err := w.Run(t.Context(), Call{Connector: "store", Operation: "read", Usage: &used})
		if took := time.Since(start); codeOf(err) != abi.Timeout || took != 30*time.Second || used.Waited != 0 {
			t.Errorf("%v after %v, of which %v were waited; want a timeout after the call's own 30s", err, took, used.Waited)
		}
	})
}

// Waiting for the vendor's limits is not the call's own time, and bounded by the caller's patience.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, vendor := newWorld(t), &scripted{}
		w.wire = vendor.RoundTrip
		w.install(t, strings.Replace(store, "retry:", "quotas: [{id: slow, requests: 1, per: 50s}]\nretry:", 1))
		w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
		w.engine.call = sending("GET /ok")
		var used Usage
		call := Call{Connector: "store", Operation: "read", Usage: &used}
		for range 2 {
			if _, err := w.Run(t.Context(), call); err != nil {
				t.Fatal(err)
			}
		}
		if used.Waited < 45*time.Second || used.Waited > time.Minute {
			t.Errorf("waited %v, want the 50s that the vendor's limit takes", used.Waited)
		}
		start := time.Now()
		call.Patience = 10 * time.Second
		_, err := w.Run(t.Context(), call)
		f := abi.AsFault(err)
		if codeOf(err) != abi.RateLimited || f.RetryAfter < 40 || time.Since(start) > time.Second || len(vendor.seen) != 2 {
			t.Errorf("%v (retry after %v) after %v and %d requests; want rate_limited at once", err, f.RetryAfter, time.Since(start), len(vendor.seen))
		}
		list, err := w.Quotas(t.Context())
		if err != nil || len(list) != 1 || list[0].Key != "connection/store/slow" || list[0].Used != 1 {
			t.Errorf("quotas %+v, %v", list, err)
		}
	})
}
