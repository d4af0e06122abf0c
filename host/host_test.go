package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/bundle"
)

func TestInstallAndFind(t *testing.T) {
	w := newWorld(t)
	w.install(t, shop)
	w.install(t, strings.Replace(shop, "publisher: acme", "publisher: zeta", 1))
	list, err := w.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Connector != "acme/shop" || list[1].Connector != "zeta/shop" {
		t.Fatalf("List = %v, %v", list, err)
	}
	if _, err := w.Installed(t.Context(), "shop"); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "acme/shop or zeta/shop") {
		t.Errorf("an ambiguous name gives %v", err)
	}
	if rec, err := w.Installed(t.Context(), "zeta/shop"); err != nil || rec.Version != "1.0.0" || rec.Key != "SHA256:test" {
		t.Errorf("Installed = %+v, %v", rec, err)
	}
	if _, err := w.Installed(t.Context(), "op"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("part of a name gives %v, want not found", err)
	}
}

func TestUninstall(t *testing.T) {
	w := newWorld(t)
	rec := w.install(t, shop)
	w.connect(t, ConnectRequest{Connector: "shop", Values: map[string]string{"region": "eu", "token": "s3cret-token"}})
	if _, err := w.Uninstall(t.Context(), "shop", false); err == nil || !strings.Contains(err.Error(), "acme/shop has connections: shop") {
		t.Fatalf("uninstalling a connector in use gives %v", err)
	}
	if _, err := w.Uninstall(t.Context(), "shop", true); err != nil {
		t.Fatal(err)
	}
	if len(w.vault.All()) != 0 || len(w.store.All()) != 0 {
		t.Errorf("left behind: %v, %v", w.vault.All(), w.store.All())
	}
	if _, err := os.Stat(w.bundlePath(rec.Digest)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the bundle's file is still there: %v", err)
	}
}

func TestChangedBundleIsRefused(t *testing.T) {
	w := newWorld(t)
	rec := w.install(t, shop)
	data, err := os.ReadFile(w.bundlePath(rec.Digest))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(w.bundlePath(rec.Digest), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(t.Context(), Call{Connector: "shop", Operation: "get_order"}); !errors.Is(err, bundle.ErrCorrupt) {
		t.Errorf("running a changed bundle gives %v", err)
	}
	// Another bundle in its place is whole, but not the one that was installed.
	other := w.install(t, strings.Replace(shop, "version: 1.0.0", "version: 1.0.1", 1))
	whole, err := os.ReadFile(w.bundlePath(other.Digest))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.bundlePath(rec.Digest), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Bundle(rec); !errors.Is(err, bundle.ErrCorrupt) {
		t.Errorf("a swapped bundle gives %v", err)
	}
}

func TestConnect(t *testing.T) {
	private := map[string]string{"api": "http://127.0.0.1:1/v1"}
	good := map[string]string{"region": "eu", "token": "s3cret-token"}
	for name, c := range map[string]struct {
		req  ConnectRequest
		want string // part of the error; empty for none
	}{
		"good":                  {ConnectRequest{Values: good}, ""},
		"missing":               {ConnectRequest{}, "missing: region, token"},
		"wrong enum":            {ConnectRequest{Values: map[string]string{"region": "mars", "token": "s3cret-token"}}, "region: want one of [eu us]"},
		"wrong type":            {ConnectRequest{Values: map[string]string{"region": "eu", "token": "s3cret-token", "pages": "ten"}}, "pages: want a whole number"},
		"unknown field":         {ConnectRequest{Values: map[string]string{"region": "eu", "token": "s3cret-token", "colour": "red"}}, "colour: no such field"},
		"empty secret":          {ConnectRequest{Values: map[string]string{"region": "eu", "token": ""}}, "token: must not be empty"},
		"unknown method":        {ConnectRequest{Auth: "magic", Values: good}, `auth method "magic" is not offered by acme/shop: it has token, user, key, query, pair, oauth`},
		"bad name":              {ConnectRequest{Name: "Bad Name", Values: good}, "lower-case letters"},
		"unknown grant":         {ConnectRequest{Values: good, URLs: map[string]string{"web": "https://x.example"}}, `no http grant "web"`},
		"plain http":            {ConnectRequest{Values: good, URLs: private}, "--allow-private"},
		"plain http, allowed":   {ConnectRequest{Values: good, URLs: private, AllowPrivate: true}, ""},
		"base URL with dots":    {ConnectRequest{Values: good, URLs: map[string]string{"api": "https://x.example/a/../b"}}, "http grant api"},
		"base URL with a query": {ConnectRequest{Values: good, URLs: map[string]string{"api": "https://x.example/?a=1"}}, "base URL of api"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install(t, shop)
			c.req.Connector = "shop"
			conn, err := w.Connect(t.Context(), c.req)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if conn.Name != "shop" || conn.Fields["pages"] == nil || w.vault.All()["shop"]["token"] != "s3cret-token" {
					t.Errorf("connection %+v, vault %v", conn, w.vault.All())
				}
				if rec := string(w.store.All()["default/connection/shop"]); strings.Contains(rec, "s3cret") {
					t.Errorf("the record holds the secret: %s", rec)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one about %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats the secret: %v", err)
			}
			if len(w.vault.All()) != 0 || w.store.All()["default/connection/shop"] != nil {
				t.Error("a refused connection left something behind")
			}
		})
	}
}

func TestConnectionNamesAreNotHandedOver(t *testing.T) {
	w := newWorld(t)
	w.install(t, shop)
	w.install(t, strings.Replace(shop, "name: shop", "name: store", 1))
	values := map[string]string{"region": "eu", "token": "s3cret-token"}
	w.connect(t, ConnectRequest{Name: "main", Connector: "shop", Values: values})
	if _, err := w.Connect(t.Context(), ConnectRequest{Name: "main", Connector: "store", Values: values}); err == nil || !strings.Contains(err.Error(), "belongs to acme/shop") {
		t.Errorf("another connector's connection name gives %v", err)
	}
	if _, err := w.Run(t.Context(), Call{Connector: "store", Connection: "main", Operation: "get_order", Input: json.RawMessage(`{"id":1}`)}); err == nil || !strings.Contains(err.Error(), "belongs to acme/shop") {
		t.Errorf("another connector's connection gives %v", err)
	}
}

// TestCredentials: each method attaches what it should to the request, and the guest sees none of it.
func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		auth   string
		values map[string]string
		check  func(*http.Request) bool
	}{
		{"token", map[string]string{"token": "s3cret-token"}, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer s3cret-token" }},
		{"user", map[string]string{"username": "ada", "password": "s3cret-pass"}, func(r *http.Request) bool {
			u, p, _ := r.BasicAuth()
			return u == "ada" && p == "s3cret-pass"
		}},
		{"key", map[string]string{"key": "s3cret-key"}, func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == "Key s3cret-key" }},
		{"query", map[string]string{"key": "s3cret-key"}, func(r *http.Request) bool {
			return r.URL.Query().Get("api_key") == "s3cret-key" && r.URL.Query().Get("page") == "2"
		}},
		{"pair", map[string]string{"id": "ada", "pass": "s3cret-pass"}, func(r *http.Request) bool { return r.Header.Get("X-Pair") == "ada:s3cret-pass" }},
	} {
		t.Run(c.auth, func(t *testing.T) {
			w := newWorld(t)
			w.install(t, shop)
			c.values["region"] = "eu"
			w.connect(t, ConnectRequest{Connector: "shop", Auth: c.auth, Values: c.values})
			sent := false
			w.wire = func(r *http.Request) (*http.Response, error) {
				sent = true
				if !c.check(r) {
					t.Errorf("request %v %v", r.URL, r.Header)
				}
				// The vendor echoes everything it was sent.
				echo := fmt.Sprintf("%v %v", r.URL, r.Header)
				return &http.Response{StatusCode: 200, Header: http.Header{"X-Echo": {echo}}, Body: io.NopCloser(strings.NewReader(echo)), Request: r}, nil
			}
			w.engine.call = func(ctx context.Context, env abi.Envelope, send func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
				if got, want := env.Connection.URLs["api"], "https://eu.shop.example/v1"; got != want {
					t.Errorf("base URL %s, want %s", got, want)
				}
				resp := send(ctx, abi.Request{Method: "GET", URL: env.Connection.URLs["api"] + "/orders/1?page=2"})
				seen, _ := json.Marshal(map[string]any{"env": env, "resp": resp, "body": string(resp.Body)})
				if strings.Contains(string(seen), "s3cret") {
					t.Errorf("the guest saw a secret: %s", seen)
				}
				if resp.Fault != nil {
					return abi.Result{}, resp.Fault
				}
				return abi.Done(json.RawMessage(`{"id": 1}`)), nil
			}
			if _, err := w.Run(t.Context(), Call{Connector: "shop", Operation: "get_order", Input: json.RawMessage(`{"id":1}`)}); err != nil {
				t.Fatal(err)
			}
			if !sent {
				t.Error("no request was sent")
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	answer := func(r abi.Result, err error) func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
		return func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
			return r, err
		}
	}
	done := answer(abi.Done(json.RawMessage(`{"id": 1}`)), nil)
	for name, c := range map[string]struct {
		call   Call
		engine func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error)
		auth   string
		code   abi.Code
		field  string
	}{
		"unknown operation": {Call{Operation: "get_odor"}, nil, "", abi.NotFound, ""},
		"missing input":     {Call{Operation: "get_order"}, nil, "", abi.InvalidInput, "/id"},
		"wrong input":       {Call{Operation: "get_order", Input: json.RawMessage(`{"id": "one"}`)}, nil, "", abi.InvalidInput, "/id"},
		"wrong output":      {Call{Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)}, answer(abi.Done(json.RawMessage(`{"id": "1"}`)), nil), "", abi.Internal, "/id"},
		"guest's fault":     {Call{Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)}, answer(abi.Fail(abi.Faultf(abi.Conflict, "changed")), nil), "", abi.Conflict, ""},
		"engine's fault":    {Call{Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)}, answer(abi.Result{}, abi.Faultf(abi.Timeout, "late")), "", abi.Timeout, ""},
		"fine":              {Call{Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)}, done, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install(t, shop)
			values := map[string]string{"region": "eu", "token": "s3cret-token"}
			w.connect(t, ConnectRequest{Connector: "shop", Auth: c.auth, Values: values})
			w.engine.call = c.engine
			c.call.Connector = "shop"
			_, err := w.Run(t.Context(), c.call)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if f := abi.AsFault(err); err == nil || f.Code != c.code || c.field != "" && f.Field != c.field {
				t.Errorf("error %v, want %s at %q", err, c.code, c.field)
			}
		})
	}
}

func TestWhichConnection(t *testing.T) {
	w := newWorld(t)
	w.install(t, shop)
	call := Call{Connector: "shop", Operation: "get_order", Input: json.RawMessage(`{"id":1}`)}
	if _, err := w.Run(t.Context(), call); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a connection: %v", err)
	}
	var used string
	w.engine.call = func(_ context.Context, env abi.Envelope, _ func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		used = env.Connection.Name
		return abi.Done(json.RawMessage(`{"id": 1}`)), nil
	}
	values := map[string]string{"region": "eu", "token": "s3cret-token"}
	w.connect(t, ConnectRequest{Name: "one", Connector: "shop", Values: values})
	if _, err := w.Run(t.Context(), call); err != nil || used != "one" {
		t.Errorf("the only connection: used %q, %v", used, err)
	}
	w.connect(t, ConnectRequest{Name: "two", Connector: "shop", Values: values})
	if _, err := w.Run(t.Context(), call); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "one, two") {
		t.Errorf("two connections: %v", err)
	}
	call.Connection = "two"
	if _, err := w.Run(t.Context(), call); err != nil || used != "two" {
		t.Errorf("the named connection: used %q, %v", used, err)
	}
	if w.engine.loads != 1 {
		t.Errorf("the guest was loaded %d times, want once", w.engine.loads)
	}
}

// TestPending: a pending result is waited for and tried again with its state.
func TestPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.install(t, shop)
		w.connect(t, ConnectRequest{Connector: "shop", Values: map[string]string{"region": "eu", "token": "s3cret-token"}})
		w.engine.call = func(_ context.Context, env abi.Envelope, _ func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
			if env.Attempt < 3 {
				return abi.Result{Status: abi.StatusPending, State: json.RawMessage(fmt.Sprint(env.Attempt)), After: 60}, nil
			}
			if string(env.State) != "2" {
				t.Errorf("state %s, want 2", env.State)
			}
			return abi.Done(json.RawMessage(`{"id": 1}`)), nil
		}
		start := time.Now()
		call := Call{Connector: "shop", Operation: "get_order", Input: json.RawMessage(`{"id":1}`)}
		call.Usage = &Usage{}
		if _, err := w.Run(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if want := (Usage{Fuel: 21, PeakMemory: 1 << 16, HTTPCalls: 6, HostCalls: 9, Wall: 3 * time.Second, Attempts: 3}); *call.Usage != want {
			t.Errorf("three attempts used %+v, want %+v", *call.Usage, want)
		}
		if waited := time.Since(start); waited != 2*time.Minute {
			t.Errorf("waited %v, want 2m", waited)
		}
		call.Attempts = 2
		if _, err := w.Run(t.Context(), call); abi.AsFault(err).Code != abi.Timeout {
			t.Errorf("a call that needs three attempts and may have two gives %v", err)
		}
		call.Attempts = 3
		if _, err := w.Run(t.Context(), call); err != nil {
			t.Errorf("a call that needs three attempts and may have three gives %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Run(ctx, call); abi.AsFault(err).Code != abi.Timeout {
			t.Errorf("a wait that is cut short gives %v", err)
		}
	})
}

func TestDescribe(t *testing.T) {
	w := newWorld(t)
	w.install(t, shop)
	if d, err := w.Describe(t.Context(), "shop"); err != nil || d.SDK != "fake/1" {
		t.Errorf("Describe = %+v, %v", d, err)
	}
	if _, err := w.Describe(t.Context(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("describing what is not installed gives %v", err)
	}
}

func TestPin(t *testing.T) {
	w := newWorld(t)
	first, err := bundle.GenerateKey("acme")
	if err != nil {
		t.Fatal(err)
	}
	other, err := bundle.GenerateKey("acme")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Pin(t.Context(), first.Public()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Pin(t.Context(), other.Public()); !errors.Is(err, bundle.ErrUntrusted) {
		t.Errorf("pinning another key gives %v", err)
	}
	if got, err := w.pinned(t.Context(), "publisher", "acme"); err != nil || got != first.Public() {
		t.Errorf("pinned %v, %v", got, err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	w := newWorld(t)
	w.install(t, shop)
	w.connect(t, ConnectRequest{Connector: "shop", Values: map[string]string{"region": "eu", "token": "s3cret-token", "pages": "9007199254740993"}})
	c, err := w.Connection(t.Context(), "shop")
	if err != nil || text(c.Fields["pages"]) != "9007199254740993" {
		t.Errorf("pages = %v, %v", c.Fields["pages"], err)
	}
}

func TestPageOutput(t *testing.T) {
	page := abi.Result{Status: abi.StatusPage, Items: []json.RawMessage{json.RawMessage(`1`)}, Cursor: json.RawMessage(`2`)}
	if got := string(Output(page)); got != `{"items":[1],"cursor":2}` {
		t.Errorf("a page is %s", got)
	}
	if got := string(Output(abi.Result{Status: abi.StatusPage, Cursor: json.RawMessage("null")})); got != `{"items":[]}` {
		t.Errorf("an empty last page is %s", got)
	}
}

func TestIsolate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(t, shop)
	w.engine.call = func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
		return abi.Result{Status: abi.StatusDone, Output: json.RawMessage(`{"id": 1}`)}, nil
	}
	ring := func() Isolation {
		t.Helper()
		w.engine.ring = ""
		if _, err := w.Describe(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		return w.engine.ring
	}
	if got := ring(); got != Process {
		t.Errorf("a new installation runs %q, want in a process", got)
	}
	rec, err := w.Isolate(t.Context(), "shop", InProcess, true)
	if err != nil || rec.Isolation != InProcess {
		t.Fatalf("%+v, %v", rec, err)
	}
	if got := ring(); got != InProcess {
		t.Errorf("after Isolate it runs %q", got)
	}
	w.install(t, shop)
	if rec, err := w.Installed(t.Context(), "shop"); err != nil || rec.Isolation != InProcess {
		t.Errorf("an upgrade forgot it: %+v, %v", rec, err)
	}
	if _, err := w.Isolate(t.Context(), "nobody", Process, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a connector that is not installed: %v", err)
	}
	if _, err := ParseIsolation("vm"); err == nil || !strings.Contains(err.Error(), "want process or in-process") {
		t.Errorf("an isolation that does not exist: %v", err)
	}
}
