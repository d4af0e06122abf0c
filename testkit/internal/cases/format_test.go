package cases

import (
	"bytes"
	"encoding/json"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"patchbay/abi"
)

// drawn makes cases of every kind that a file can hold.
func drawn(t *rapid.T) *Case {
	text := rapid.StringMatching(`[ -~äß\n\r"]{0,40}`).Filter(func(s string) bool { return !strings.Contains(s, "-- ") })
	document := rapid.Map(rapid.MapOf(rapid.StringMatching(`[a-z<\\"]{1,8}`), rapid.SliceOf(text)), func(v map[string][]string) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	})
	header := rapid.Map(rapid.MapOf(rapid.StringMatching(`X-[A-Z][a-z]{1,8}`), rapid.SliceOfN(rapid.StringMatching(`[!-~]([ -~]{0,8}[!-~])?`), 1, 2)),
		func(m map[string][]string) textproto.MIMEHeader { return textproto.MIMEHeader(m) })
	body := rapid.OneOf(rapid.Map(text, func(s string) []byte { return []byte(s) }), rapid.Map(document, func(d json.RawMessage) []byte { return d }))
	k := &Case{Name: "drawn.txtar", Comment: rapid.StringMatching(`([A-Za-z][A-Za-z .]{0,20}[A-Za-z.])?`).Draw(t, "comment"),
		Call: Call{Kind: rapid.SampledFrom([]abi.Kind{abi.KindAction, abi.KindTrigger}).Draw(t, "kind"), Operation: "op",
			Fields: map[string]string{"org": text.Draw(t, "field")}, Input: document.Draw(t, "input")}}
	if rapid.Bool().Draw(t, "recorded") {
		k.Recorded = time.Date(2026, 11, rapid.IntRange(1, 30).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
	}
	for range rapid.IntRange(0, 3).Draw(t, "exchanges") {
		u := &url.URL{Scheme: "https", Host: "a.example", Path: "/" + rapid.StringMatching(`[a-z%\[\]é]{0,8}`).Draw(t, "path"),
			RawQuery: url.Values{"q": {text.Draw(t, "query")}}.Encode()}
		k.Exchanges = append(k.Exchanges, Exchange{Method: "POST", URL: u, Header: header.Draw(t, "header"), Body: body.Draw(t, "body"),
			Status: rapid.IntRange(200, 599).Draw(t, "status"), Answer: header.Draw(t, "answer"), AnswerBody: body.Draw(t, "answer body")})
	}
	k.Want = Want{File: "output.json", Output: document.Draw(t, "output")}
	if rapid.Bool().Draw(t, "fault") {
		k.Want = Want{File: "fault.json", Fault: &WantFault{Code: abi.NotFound, Message: text.Draw(t, "message")}}
	}
	return k
}

// TestCase_Format reads every case that was written as it was.
func TestCase_Format(t *testing.T) {
	t.Parallel()
	same := cmp.Options{
		cmp.Transformer("url", func(u *url.URL) string { return u.String() }),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Name" }, cmp.Ignore()),
		cmpopts.EquateEmpty(),
	}
	rapid.Check(t, func(t *rapid.T) {
		k := drawn(t)
		text, err := k.Format()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(k.Name, text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(plain(k), plain(got), same); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
		if again, err := got.Format(); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%v; written again it is\n%s\nbefore\n%s", err, again, text)
		}
	})
}

// plain is a case whose JSON documents have no space.
func plain(k *Case) *Case {
	p := *k
	for _, m := range []*json.RawMessage{&p.Call.Input, &p.Call.Cursor, &p.Want.Output} {
		*m = json.RawMessage(compacted(*m))
	}
	return &p
}

func compacted(m json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, m) != nil {
		return string(m)
	}
	return b.String()
}

// TestCase_Format_Ours writes the cases of this repository's connectors so that they say the same.
func TestCase_Format_Ours(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../../plugins/*/testdata/cases/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		k, err := Parse(p, data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Format(); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestCase_Format_Refuses(t *testing.T) {
	t.Parallel()
	base := func(change func(*Case)) *Case {
		u, err := url.Parse("https://a.example/x")
		if err != nil {
			t.Fatal(err)
		}
		k := &Case{Call: Call{Operation: "op"}, Exchanges: []Exchange{{Method: "GET", URL: u, Status: 200}}, Want: Want{File: "output.json", Output: []byte("{}")}}
		change(k)
		return k
	}
	for _, tt := range []struct {
		name   string
		change func(*Case)
	}{
		{"a body that looks like a file", func(k *Case) { k.Exchanges[0].AnswerBody = []byte("a\n-- b --\nc") }},
		{"a body that looks like an exchange", func(k *Case) {
			k.Exchanges[0].AnswerBody = []byte("a\n-- http/2.request --\nGET https://a.example\n-- http/2.response --\n200")
		}},
		{"a header of two lines", func(k *Case) { k.Exchanges[0].Answer = textproto.MIMEHeader{"X-A": {"a\n\nb"}} }},
		{"a header with space around it", func(k *Case) { k.Exchanges[0].Header = textproto.MIMEHeader{"X-A": {" a "}} }},
		{"an answer's header with space around it", func(k *Case) { k.Exchanges[0].Answer = textproto.MIMEHeader{"X-A": {" a "}} }},
		{"a name that is not canonical", func(k *Case) { k.Exchanges[0].Header = textproto.MIMEHeader{"x-a": {"a"}} }},
		{"a comment that looks like a file", func(k *Case) { k.Comment = "a\n-- fault.json --\n" }},
		{"a comment that looks like a day", func(k *Case) { k.Comment = "Recorded 2026-11-26." }},
		{"nothing expected", func(k *Case) { k.Want = Want{} }},
		{"output that is no JSON", func(k *Case) { k.Want.Output = []byte("{") }},
		{"no operation", func(k *Case) { k.Call.Operation = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if text, err := base(tt.change).Format(); err == nil {
				t.Errorf("written:\n%s", text)
			}
		})
	}
	text, err := base(func(k *Case) { k.Call.Kind = abi.KindAction }).Format()
	if want := "-- call.json --\n{\"operation\": \"op\"}\n"; err != nil || !strings.HasPrefix(string(text), want) {
		t.Errorf("%s, %v, want it to begin with %s: an action is nothing to speak of", text, err, want)
	}
}

func TestParse_Recorded(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		comment, want string
		recorded      time.Time
	}{
		{"Reads.\nRecorded 2026-11-26.\n", "Reads.", day},
		{"Recorded 2026-11-26.\n", "", day},
		{"Recorded 2026-11-26.\nReads.\n", "Recorded 2026-11-26.\nReads.", time.Time{}},
		{"It was Recorded 2026-11-26.\n", "It was Recorded 2026-11-26.", time.Time{}},
		{"Recorded 2026-13-26.\n", "Recorded 2026-13-26.", time.Time{}},
		{"Reads.\n", "Reads.", time.Time{}},
	} {
		k, err := Parse("x", []byte(tt.comment+okCall+okWant))
		if err != nil || k.Comment != tt.want || !k.Recorded.Equal(tt.recorded) {
			t.Errorf("%q is %q of %v, %v", tt.comment, k.Comment, k.Recorded, err)
		}
	}
}

func TestPretty(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60)
	for _, tt := range []struct{ in, want string }{
		{`{"b":1.10,"a":[1,2]}`, `{"b": 1.10, "a": [1, 2]}`},
		{`{"a":"b, c: \"{","d":{}}`, `{"a": "b, c: \"{", "d": {}}`},
		{"{\n\"a\":[]}\n", `{"a": []}`},
		{`no json`, `no json`},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{`["` + long + `",{"a":"` + long + `"}]`, "[\n  \"" + long + "\",\n  {\"a\": \"" + long + "\"}\n]"},
		{`{"n":{"a":"` + long + `","b":["` + long + `"]}}`, "{\n  \"n\": {\n    \"a\": \"" + long + "\",\n    \"b\": [\"" + long + "\"]\n  }\n}"},
	} {
		if got := string(Pretty([]byte(tt.in))); got != tt.want {
			t.Errorf("%s is written\n%s\nwant\n%s", tt.in, got, tt.want)
		}
	}
}

// FuzzPretty holds that nothing but space changes.
func FuzzPretty(f *testing.F) {
	f.Add([]byte(`{"a": ["b, \\", {"c": 1e3}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if abi.CheckJSON(data) == nil && compacted(Pretty(data)) != compacted(data) {
			t.Errorf("%s became %s", data, Pretty(data))
		}
	})
}
