package host

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/bundle"
	"patchbay/host/internal/guest"
	"patchbay/internal/memory"
	"patchbay/manifest"
)

// shop is a connector with every kind of operation; its guest is played by the test's engine.
const shop = `
schema: patchbay/v1
publisher: acme
name: shop
version: 1.0.0
title: Shop
description: Sells things.
categories: [commerce]
license: MIT
guest: {package: .}
connection:
  fields:
    - {name: region, required: true, enum: [eu, us]}
    - {name: pages, type: integer, default: 10}
  test: test
auth:
  - {id: token, type: bearer}
  - {id: user, type: basic}
  - {id: key, type: api_key, key: X-Api-Key, prefix: "Key "}
  - {id: query, type: api_key, in: query, key: api_key}
  - id: pair
    type: headers
    fields: [{name: id, required: true}, {name: pass, required: true, secret: true}]
    headers: {X-Pair: "{id}:{pass}"}
  - {id: oauth, type: oauth2, grant: client_credentials, token_url: "https://login.shop.example/token"}
http:
  - {id: api, url: "https://{region}.shop.example/v1", methods: [GET, POST], paths: [/orders/**]}
actions:
  - name: get_order
    title: Get order
    description: Reads an order.
    read_only: true
    input: {type: object, required: [id], properties: {id: {type: integer}}, additionalProperties: false}
    output: {type: object, required: [id], properties: {id: {type: integer}}, additionalProperties: false}
`

type fakeEngine struct {
	mu    sync.Mutex // guards loads and ring
	loads int
	ring  Isolation
	call  func(ctx context.Context, env abi.Envelope, http func(context.Context, abi.Request) abi.Response, log func(abi.LogRecord)) (abi.Result, error)
}

func (e *fakeEngine) load(_ context.Context, ring Isolation, _ guest.Module) (guest.Program, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loads++
	e.ring = ring
	return e, nil
}
func (e *fakeEngine) close(context.Context) error { return nil }
func (e *fakeEngine) Close(context.Context) error { return nil }
func (e *fakeEngine) Call(ctx context.Context, c guest.Call) (guest.Outcome, error) {
	if c.Envelope.Kind == abi.KindDescribe {
		return guest.Outcome{Result: abi.Result{Status: abi.StatusDone, Output: json.RawMessage(`{"operations": [], "sdk": "fake/1"}`)}}, nil
	}
	r, err := e.call(ctx, c.Envelope, c.HTTP, c.Log)
	return guest.Outcome{Result: r, Usage: guest.Usage{Fuel: 7, PeakMemory: 1 << 16, HTTPCalls: 2, HostCalls: 3, Wall: time.Second}}, err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// memAudit is an audit log that may fail.
type memAudit struct {
	mu      sync.Mutex // guards what follows
	entries []audit.Entry
	fails   error
}

func (a *memAudit) Append(_ context.Context, e audit.Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails == nil {
		a.entries = append(a.entries, e)
	}
	return a.fails
}

func (a *memAudit) Ready(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fails
}

// world is a host with everything around it played by the test.
type world struct {
	*Host
	engine *fakeEngine
	store  *memory.Store
	vault  *memory.Vault
	audit  memAudit
	dir    string
	wire   roundTripper
}

func newWorld(t *testing.T, options ...func(*Config)) *world {
	t.Helper()
	w := &world{engine: &fakeEngine{}, store: &memory.Store{}, vault: &memory.Vault{}, dir: t.TempDir()}
	cfg := Config{
		Store: w.store, Vault: w.vault, Dir: w.dir, IsConflict: memory.IsConflict, Audit: &w.audit,
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return w.wire(r) }),
		Now:       func() time.Time { return time.Unix(1_800_000_000, 0) },
	}
	for _, o := range options {
		o(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.Host, h.guests = h, w.engine
	return w
}

// newBundle makes a bundle of a manifest.
func newBundle(t *testing.T, yaml string) *bundle.Bundle {
	t.Helper()
	m, err := manifest.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.New(bundle.Contents{Manifest: canonical, Module: []byte("\x00asm\x01\x00\x00\x00")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) install(t *testing.T, yaml string) Installed {
	t.Helper()
	rec, err := w.Install(t.Context(), newBundle(t, yaml), "SHA256:test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (w *world) connect(t *testing.T, req ConnectRequest) Connection {
	t.Helper()
	c, err := w.Connect(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// count is how many entries of a kind there are.
func (a *memAudit) count(kind string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.entries {
		if e.Kind == kind {
			n++
		}
	}
	return n
}
