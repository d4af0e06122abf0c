package lab

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"patchbay/host"
	"patchbay/testkit/internal/cases"
)

// TestLab_Spent ends a lab whose connector would have it make calls for ever, and those that were opened with it.
func TestLab_Spent(t *testing.T) {
	t.Parallel()
	l := open(t, echo(t), Options{CacheDir: cacheDir, Calls: 2})
	other, err := l.Elsewhere(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := l.Cases()[0]
	for _, with := range []*Lab{l, other} {
		if r := with.Answered(t.Context(), k, http.StatusOK); r.Problem != "" {
			t.Errorf("a call within the budget: %s", r.Problem)
		}
	}
	for _, with := range []*Lab{l, other} {
		if r := with.Replay(t.Context(), k); !strings.Contains(r.Problem, "more than 2 calls") || with.Spent() == nil {
			t.Errorf("a call beyond the budget: %q, %v", r.Problem, with.Spent())
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	l := &Lab{opts: Options{Calls: 10, budget: &budget{}}}
	for _, tt := range []struct {
		name  string
		trace Trace
		times int
		want  string
	}{
		{"little", Trace{Output: json.RawMessage("1")}, 3, ""},
		{"many calls", Trace{}, 10, "more than 10 calls"},
		{"much work", Trace{Usage: host.Usage{Fuel: 2}}, 2, "units of guest code"},
		{"long outputs", Trace{Output: []byte("12")}, 2, "512 MiB"},
		{"long logs", Trace{Logs: "12", Said: "34"}, 1, "512 MiB"},
		{"long requests", Trace{Requests: []Request{{Body: []byte("12")}, {Body: []byte("34")}}}, 1, "512 MiB"},
	} {
		*l.opts.budget = budget{fuel: mostFuel - 4, kept: mostKept - 4}
		for range tt.times {
			if err := l.Spent(); err != nil {
				t.Errorf("%s: %v before its end", tt.name, err)
			}
			l.opts.budget.spend(&tt.trace)
		}
		if err := l.Spent(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestChanged_Bounds changes no more of an answer than is worth it, whatever the answer is.
func TestChanged_Bounds(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"`+strings.Repeat("n", 100)+`":`, 9000) + "1" + strings.Repeat("}", 9000)
	wide := "{"
	for i := range 5000 {
		wide += `"` + strings.Repeat("x", i%50) + `_` + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + `_id": 7,`
	}
	wide += `"name": "n"}`
	for name, body := range map[string]string{"deep": deep, "wide": wide} {
		for _, kind := range []Kind{Missing, Null, Retyped, Large} {
			x := &cases.Exchange{Status: 200, AnswerBody: []byte(body)}
			all := changed(x, kind)
			if len(all) > mostProperties || len(all) == 0 && !(name == "deep" && kind == Large) {
				t.Errorf("%s, %s: %d", name, kind, len(all))
			}
			for _, m := range all {
				if strings.Count(m.Pointer, "/") > deepest {
					t.Errorf("%s: %d deep", name, strings.Count(m.Pointer, "/"))
				}
			}
		}
	}
}
