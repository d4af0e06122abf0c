package lab

import (
	"context"
	"net/http"
	"slices"

	"patchbay/internal/virtual"
	"patchbay/testkit/internal/cases"
)

// erring is a vendor that answers as recorded, but for the one exchange at which something goes wrong. After that a guest
// may ask for anything: whatever resembles a recorded request gets the recorded answer.
type erring struct {
	all   []cases.Exchange
	at    int
	m     *Mishap
	clock *virtual.Clock

	next int // the exchange that is expected
	hits int // how often it has gone wrong
}

func (v *erring) answer(ctx context.Context, r *Request) (*http.Response, error) {
	i := v.find(r)
	switch {
	case i < 0:
		return response(http.StatusNotFound, http.Header{}, nil), nil
	case i == v.at && (v.hits == 0 || !v.m.Once):
		v.hits++
		if v.m.success() {
			v.next = i + 1
		}
		return v.m.answer(ctx, v.clock, &v.all[i])
	}
	v.next = i + 1
	x := v.all[i]
	return response(x.Status, http.Header(x.Answer), x.AnswerBody), nil
}

// find is the index of the exchange that a request is of, -1 for none: what comes next goes before what has been, the
// same before what is like it.
func (v *erring) find(r *Request) int {
	same := func(x cases.Exchange) bool { return x.Differs(r.Method, r.URL, r.Header, r.Body) == "" }
	like := func(x cases.Exchange) bool {
		return x.Method == r.Method && x.URL.Host == r.URL.Host && x.URL.Path == r.URL.Path
	}
	next := min(v.next, len(v.all))
	for _, fits := range []func(cases.Exchange) bool{same, like} {
		if i := slices.IndexFunc(v.all[next:], fits); i >= 0 {
			return next + i
		}
		if i := slices.IndexFunc(v.all, fits); i >= 0 {
			return i
		}
	}
	return -1
}
