package lab

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// faulted opens the connector echo with one case of its action, which is read-only here, so that its POST is repeated.
func faulted(t *testing.T) *Lab {
	t.Helper()
	c := echo(t, "    description: Sends a text and returns what comes back.\n", "    description: Sends a text and returns what comes back.\n    read_only: true\n")
	c.Cases = map[string][]byte{
		"echo.txtar":  []byte(call + exchanged("200\nContent-Type: application/json\n\n{\"text\": \"b\"}") + "-- output.json --\n{\"text\": \"b\"}\n"),
		"again.txtar": []byte(call + exchanged("200\n\n{\"text\": \"c\"}") + "-- output.json --\n{\"text\": \"c\"}\n"),
		"wrong.txtar": []byte(call + exchanged("200\n\n{\"text\": \"c\"}") + "-- output.json --\n{\"text\": \"d\"}\n"),
	}
	return open(t, c, Options{CacheDir: cacheDir})
}

// TestLab_Faults has what the vendor did, how often, and how the call ended, for a guest that gives back what it gets.
func TestLab_Faults(t *testing.T) {
	t.Parallel()
	l := faulted(t)
	all, err := l.Faults(t.Context(), Kinds...)
	if err != nil {
		t.Fatal(err)
	}
	type end struct {
		code  abi.Code
		hits  int
		after float64
	}
	got := map[string]end{}
	for _, x := range all {
		if x.Case.Name != "again.txtar" {
			t.Errorf("%s was tried, which is like another case, or does not go as recorded", x.Case.Name)
		}
		if x.Mishap.answer != nil {
			t.Errorf("%s: its body is kept as long as the lab", x.Mishap.Does)
		}
		if x.Leaked || x.Recorded.Problem != "" {
			t.Errorf("%s: leaked %t, recorded: %s", x.Mishap.Does, x.Leaked, x.Recorded.Problem)
		}
		e := end{hits: x.Hits}
		if x.Fault != nil {
			e.code, e.after = x.Fault.Code, x.Fault.RetryAfter
		}
		got[x.Mishap.Does] = e
		for _, r := range x.Requests {
			if r.URL.Host != "eu.example.com" || r.URL.Scheme != "https" {
				t.Errorf("%s: a request went to %s", x.Mishap.Does, r.URL)
			}
		}
	}
	for does, want := range map[string]end{
		"answers 429 once, with Retry-After: 2":                              {"", 1, 0},
		"answers 429 with Retry-After: 120.5":                                {abi.RateLimited, 1, 120.5},
		"answers 429 with a date two minutes away as Retry-After":            {abi.RateLimited, 1, 120},
		"answers 429 with Retry-After: 86400":                                {abi.RateLimited, 1, 3600},
		"answers 429 with Retry-After: soon":                                 {abi.RateLimited, 5, 0},
		"answers 503 once":                                                   {"", 1, 0},
		"answers 503 with HTML":                                              {abi.Unavailable, 5, 0},
		"answers 408":                                                        {abi.Timeout, 5, 0},
		"answers 404":                                                        {abi.NotFound, 1, 0},
		"closes the connection once, before it answers":                      {"", 1, 0},
		"closes the connection before it answers":                            {abi.Unavailable, 5, 0},
		"never answers":                                                      {abi.Timeout, 1, 0},
		"closes the connection within the body":                              {abi.Unavailable, 5, 0},
		"sends one byte of the body every nine seconds":                      {abi.Timeout, 1, 0},
		"answers 200 with a body of 1 GiB":                                   {abi.LimitExceeded, 1, 0},
		"answers 200 with an HTML page":                                      {abi.Unavailable, 1, 0},
		"answers 200 with a body that is not valid UTF-8":                    {abi.Unavailable, 1, 0},
		"answers 200 with the JSON null":                                     {abi.Internal, 1, 0},
		"answers 200 with its JSON as text/plain":                            {"", 1, 0},
		"redirects (307) to the same address, again and again":               {abi.LimitExceeded, 6, 0},
		"leaves out /text":                                                   {"", 1, 0},
		`answers {"patchbay_marker":[]} for /text`:                           {abi.Internal, 1, 0},
		"adds a property that was never there to every object of its answer": {"", 1, 0},
	} {
		if got[does] != want {
			t.Errorf("%s: %+v, want %+v", does, got[does], want)
		}
	}
	again, err := l.Faults(t.Context(), Throttled)
	if err != nil || len(again) != 8 {
		t.Errorf("%d trials (%v), want the 8 of that kind", len(again), err)
	}
}

// TestLab_Classified looks where the manifest's rules look.
func TestLab_Classified(t *testing.T) {
	t.Parallel()
	l := open(t, echo(t, "actions:\n", `errors:
  - {status: 200, pointer: /ok, equals: "false", code: conflict, message: /errors/0/text}
  - {pointer: /code, equals: "7", code: rate_limited}
  - {status: 503, header: X-Reason, equals: gone, code: not_found}
  - {status: 404, code: not_found, message: /fault/words}
actions:
`), Options{CacheDir: cacheDir})
	var got []string
	for _, m := range append(l.classified(), l.refusals()[3]) {
		resp, err := m.answer(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		body.ReadFrom(resp.Body)
		got = append(got, strings.Join([]string{m.Does, m.Code, resp.Header.Get("X-Reason"), body.String()}, "|"))
	}
	want := []string{
		`answers 200 with what /errors/0 looks for|conflict||{"errors":[{"text":"` + Words + `"}],"ok":false}`,
		`answers 400 with what /errors/1 looks for|rate_limited||{"code":7}`,
		`answers 503 with what /errors/2 looks for|not_found|gone|null`,
		`answers 404|||{"fault":{"words":"` + Words + `"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	x := &cases.Exchange{Status: 200, AnswerBody: []byte(`{"id": 1, "list": [{"a/b": "x"}, {"a/b": "y"}], "none": null, "owner_id": "u"}`)}
	var got []string
	for _, kind := range []Kind{Missing, Null, Retyped, Large} {
		for _, m := range changed(x, kind) {
			got = append(got, m.Does)
		}
	}
	want := []string{
		"leaves out /id", "leaves out /list", "leaves out /none", "leaves out /owner_id", "leaves out /list/0/a~1b",
		"answers null for /id", "answers null for /list", "answers null for /owner_id", "answers null for /list/0/a~1b",
		`answers "many" for /id`, "answers 7 for /list", `answers {"patchbay_marker":[]} for /owner_id`, `answers {"patchbay_marker":[]} for /list/0/a~1b`,
		"answers 9007199254740993 for /id",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPut puts a value at any place of any document, finds it there again, and drops it.
func TestPut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z~/]{1,4}`), 1, 4).Draw(t, "names")
		var pointer strings.Builder
		for _, name := range names {
			pointer.WriteString("/" + manifest.EscapePointer(name))
		}
		doc := put(nil, pointer.String(), json.RawMessage(`"x"`))
		v, ok := at(decode(encode(doc)), pointer.String())
		if !ok || v != "x" {
			t.Fatalf("%s leads to %v in %s", pointer.String(), v, encode(doc))
		}
		if _, ok := at(drop(decode(encode(doc)), pointer.String()), pointer.String()); ok {
			t.Fatalf("%s is still there", pointer.String())
		}
	})
}

func TestShape(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"GET https://a.example/api/v2/tickets/T-17?page=1&q=": "GET a.example/api/v2/tickets/*?page&q",
		"PUT https://a.example/contacts/ada@example.com":      "PUT a.example/contacts/*?",
		"GET https://a.example/tickets":                       "GET a.example/tickets?",
	} {
		k, err := cases.Parse("x.txtar", []byte(call+"-- http/1.request --\n"+line+"\n-- http/1.response --\n200\n-- output.json --\nnull\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := Shape(&k.Exchanges[0]); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
