package lab

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/internal/cases"
)

func TestSimilar(t *testing.T) {
	t.Parallel()
	all := []cases.Exchange{
		exchangeOf(t, "GET https://a.example/v1/orgs/7/users?page=1", "200\n\none"),
		exchangeOf(t, "GET https://a.example/v1/orgs/7/users?page=2", "200\n\ntwo"),
		exchangeOf(t, "GET https://a.example/v1/orgs/7/tasks/5", "200\n\ntask"),
		exchangeOf(t, "GET https://a.example/v1/orgs/7/tasks/6", "200\n\nother"),
		exchangeOf(t, "POST https://a.example/v1/orgs/7/tasks", "201\n\nmade"),
	}
	v := &similar{left: all, all: all}
	for _, tt := range []struct{ method, url, want string }{
		{"GET", "https://a.example/v1/orgs/7/tasks/9", "task"}, // another task, most of the path is the same
		{"GET", "https://a.example/v1/orgs/7/tasks/5", "task"}, // the very same, rather than one that was not used
		{"GET", "https://a.example/v1/orgs/7/users?page=1", "one"},
		{"GET", "https://a.example/v1/orgs/7/users?page=7&x=y", "two"}, // the query does not count
		{"GET", "https://a.example/v1/orgs/7/users?page=8", "two"},     // and the last is given for ever
		{"POST", "https://a.example/v1/orgs/7/tasks", "made"},
		{"PUT", "https://a.example/v1/orgs/7/tasks", "{}"},
		{"GET", "https://b.example/v1/orgs/7/users", "{}"},
		{"GET", "https://a.example/v2/orgs/8/things/5", "{}"},
		{"GET", "https://a.example/v1/orgs/7/users/3/name", "{}"},
	} {
		r := requestOf(t, tt.method, tt.url, "")
		resp, err := v.answer(t.Context(), &Request{Method: r.Method, URL: r.URL})
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 10)
		n, _ := resp.Body.Read(body)
		if string(body[:n]) != tt.want || (tt.want == "{}") != (resp.StatusCode == http.StatusNotFound) {
			t.Errorf("%s %s: %d %s, want %s", tt.method, tt.url, resp.StatusCode, body[:n], tt.want)
		}
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	l := open(t, echo(t), Options{CacheDir: cacheDir})
	k := l.Cases()[0]
	call := k.Call
	call.Input = json.RawMessage(`{"text": "another"}`)
	n := -1
	trace := l.Try(t.Context(), Try{Case: k, Call: call, Change: func(i int, x cases.Exchange) cases.Exchange {
		n = i
		x.AnswerBody = []byte(`{"text": "changed"}`)
		return x
	}})
	if string(trace.Output) != `{"text":"changed"}` || n != 0 || len(trace.Requests) != 1 || trace.Problem != "" {
		t.Errorf("trace %+v, request %d", trace, n)
	}
	other, err := l.Elsewhere(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Elsewhere(t.Context()); err != nil || again != other {
		t.Error("another lab each time", err)
	}
	if trace := other.Try(t.Context(), Try{Case: k, Call: k.Call}); trace.Fault != nil || trace.Problem != "" {
		t.Errorf("elsewhere: %+v", trace)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	const body = `{"data": {"orders": [{"id": 12345678901234567890}], "tags": ["a"]}, "links": []}`
	all := Lists([]byte(body))
	if len(all) != 2 || all[0].Name() != "orders" || all[1].Name() != "links" || len(all[0].Items) != 1 {
		t.Fatalf("lists %+v", all)
	}
	got := string(all[0].In([]byte(body), append(all[0].Items, map[string]any{"id": 2})))
	if diff := cmp.Diff(`{"data":{"orders":[{"id":12345678901234567890},{"id":2}],"tags":["a"]},"links":[]}`, got); diff != "" {
		t.Error(diff)
	}
	if items, ok := all[0].Of([]byte(got)); !ok || len(items) != 2 {
		t.Errorf("items %v, %v", items, ok)
	}
	for _, other := range []string{`{"data": {"orders": 3}}`, `{"data": 1}`, `[]`, `none`, ``} {
		if _, ok := all[0].Of([]byte(other)); ok {
			t.Errorf("%q has the list", other)
		}
	}
	if got := string(all[0].In([]byte(`not JSON`), nil)); got != "not JSON" {
		t.Errorf("what is no JSON became %q", got)
	}
	if root := Lists([]byte(`[{"id": 1}]`)); len(root) != 1 || root[0].Name() != "" || string(root[0].In([]byte(`[{"id": 1}]`), []any{})) != "[]" {
		t.Errorf("of a list: %+v", root)
	}
}
