package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/testkit"
)

// builtEcho is the lab's connector.
var builtEcho = sync.OnceValues(func() (*bundle.Bundle, error) {
	dir, err := work()
	if err != nil {
		return nil, err
	}
	return build.Connector(context.Background(), "internal/lab/testdata/echo", build.Options{WorkDir: filepath.Join(dir, "build", "echo")})
})

// echo is the lab's connector, with a case more.
func echo(t *testing.T, name, text string) *bundle.Bundle {
	t.Helper()
	b, err := builtEcho()
	if err != nil {
		t.Fatal(err)
	}
	c := b.Contents()
	c.Cases = maps.Clone(c.Cases)
	if name != "" {
		c.Cases[name] = []byte(text)
	}
	if b, err = bundle.New(c); err != nil {
		t.Fatal(err)
	}
	return b
}

// vendor answers what body says, after a try that it throttles.
func vendor(t *testing.T, body func() string) host.ConnectRequest {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		text := strings.ReplaceAll(body(), "AUTH", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		fmt.Fprint(w, text)
	}))
	t.Cleanup(s.Close)
	return host.ConnectRequest{AllowPrivate: true, URLs: map[string]string{"api": s.URL + "/base"}, Values: map[string]string{"token": "t-0123456789abcdef", "region": "us"}}
}

func liveOptions(t *testing.T) testkit.LiveOptions {
	return testkit.LiveOptions{CacheDir: filepath.Join(workshop(t), "cache")}
}

func recordEcho(t *testing.T, connect host.ConnectRequest) testkit.Recording {
	t.Helper()
	r, err := testkit.Record(t.Context(), echo(t, "", ""), testkit.RecordRequest{
		Name: "echo-live.txtar", Day: time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC), Connect: connect,
		Call: host.Call{Operation: "echo", Input: []byte(`{"text":"mail ada@acme.co.uk"}`)},
	}, liveOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRecord makes a case that passes at once: without the try that was throttled, without the credential that the
// vendor gives back, at the manifest's address.
func TestRecord(t *testing.T) {
	t.Parallel()
	r := recordEcho(t, vendor(t, func() string { return `{"text": "AUTH", "refresh_token": "r-0123456789"}` }))
	want := `Echo.
Recorded 2026-11-26.
-- call.json --
{"operation": "echo", "fields": {"region": "us"}, "input": {"text": "mail ada@acme.co.uk"}}
-- http/1.request --
POST https://us.example.com/v1/echo
Content-Type: application/json

{"text": "mail ada@acme.co.uk"}
-- http/1.response --
200
Content-Type: application/json

{"text": "[redacted]", "refresh_token": "[redacted]"}
-- output.json --
{"text": "[redacted]"}
`
	if diff := cmp.Diff(want, string(r.Text)); diff != "" {
		t.Error(diff)
	}
	if r.Requests != 1 || r.Want != "output.json" || len(r.Personal) != 1 || r.Personal[0].Place != "call.json:1" {
		t.Errorf("recorded %+v", r)
	}
	all, err := testkit.Cases(t.Context(), echo(t, "echo-live.txtar", string(r.Text)), "live", liveOptions(t).CacheDir)
	if err != nil || len(all) != 1 || !all[0].OK || all[0].Recorded != "2026-11-26" {
		t.Errorf("replayed: %+v, %v", all, err)
	}
}

// TestRecord_Refuses makes no case of a call that none can hold.
func TestRecord_Refuses(t *testing.T) {
	t.Parallel()
	connect := vendor(t, func() string { return `{"text": 1}` })
	for _, tt := range []struct {
		name, want string
		call       host.Call
	}{
		{"a defect", "a defect that no case should expect", host.Call{Operation: "echo", Input: []byte(`{"text":"a"}`)}},
		{"no operation", `has no operation "shout"`, host.Call{Operation: "shout"}},
		{"of another kind", `has no operation "echo"`, host.Call{Kind: "trigger", Operation: "echo"}},
	} {
		_, err := testkit.Record(t.Context(), echo(t, "", ""), testkit.RecordRequest{Name: "x.txtar", Connect: connect, Call: tt.call}, liveOptions(t))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	var fields *host.FieldError
	if _, err := testkit.Record(t.Context(), echo(t, "", ""), testkit.RecordRequest{Call: host.Call{Operation: "echo"}}, liveOptions(t)); !errors.As(err, &fields) {
		t.Errorf("error %v without a token, want a FieldError", err)
	}
}

// TestUpdate has a case expect what it gives, and leaves one whose requests are others.
func TestUpdate(t *testing.T) {
	t.Parallel()
	good := string(recordEcho(t, vendor(t, func() string { return `{"text": "b"}` })).Text)
	for _, tt := range []struct{ name, text, diff, problem string }{
		{"as it is", good, "", ""},
		{"another result", strings.Replace(good, "-- output.json --\n{\"text\": \"b\"}", "-- output.json --\n{\"text\": \"c\"}", 1), "  -- output.json --\n- {\"text\": \"c\"}\n+ {\"text\": \"b\"}", ""},
		{"another request", strings.Replace(good, "v1/echo", "v1/cry", 1), "", "http/1.request: URL "},
		{"a defect", strings.Replace(good, "{\"text\": \"b\"}", "{\"text\": 1}", 1), "", "a defect that no case should expect"},
		{"unreadable", "", "", "call.json is missing"},
	} {
		all, err := testkit.Update(t.Context(), echo(t, "echo-live.txtar", tt.text), "live", liveOptions(t).CacheDir)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		u := all[0]
		if u.Diff != tt.diff || u.Changed != (tt.diff != "") || (u.Problem == "") != (tt.problem == "") || !strings.Contains(u.Problem, tt.problem) {
			t.Errorf("%s: %+v", tt.name, u)
		}
		if u.Changed && string(u.Text) != good {
			t.Errorf("%s: it was written\n%s", tt.name, u.Text)
		}
	}
}

// TestCompare tells drift by shape, and makes no call that nobody asked for.
func TestCompare(t *testing.T) {
	t.Parallel()
	body := `{"text": "b"}`
	connect := vendor(t, func() string { return body })
	text := string(recordEcho(t, connect).Text)
	compare := func(text string, names ...string) ([]testkit.Comparison, error) {
		return testkit.Compare(t.Context(), echo(t, "echo-live.txtar", text), testkit.CompareRequest{Names: names, Connect: connect}, liveOptions(t))
	}
	one := func(text string, names ...string) testkit.Comparison {
		t.Helper()
		all, err := compare(text, names...)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0]
	}
	if c := one(text); !strings.Contains(c.Skipped, "it may change something at the vendor") || c.Recorded != "2026-11-26" {
		t.Errorf("unnamed: %+v", c)
	}
	if c := one(strings.Replace(text, `"fields"`, `"auth": "key", "fields"`, 1), "echo-live"); !strings.Contains(c.Skipped, "auth method key") {
		t.Errorf("another method: %+v", c)
	}
	if c := one(strings.ReplaceAll(text, "mail ada@acme.co.uk", "[redacted]"), "echo-live"); !strings.Contains(c.Skipped, "redacted") {
		t.Errorf("redacted: %+v", c)
	}
	body = `{"text": "c"}`
	if c := one(text, "echo-live.txtar"); c.Skipped != "" || len(c.Differences) != 0 {
		t.Errorf("another value: %+v", c)
	}
	body = `{"text": "c", "more": [1]}`
	if c := one(text, "echo-live"); len(c.Differences) != 1 || c.Differences[0].What != "/more came (array)" || c.Differences[0].Place != "http/1.response" {
		t.Errorf("another shape: %+v", c)
	}
	if _, err := compare(text, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for a case that is not there", err)
	}
}
