package lab

import (
	"context"
	"net/http"
	"strings"

	"patchbay/testkit/internal/cases"
)

// Try is a call that differs from a case's, at a vendor that answers what comes near to the recorded requests.
type Try struct {
	Case *cases.Case // where the answers are from
	Call cases.Call
	Key  string // identifies the call to vendors that know repeated calls by a key; default a new one
	// Chance gives the call other random numbers, where it is not 0. What the guest drew when it started stays.
	Chance uint64
	// Change makes an answer another one, when it is not nil. n counts the requests of the call from 0.
	Change func(n int, x cases.Exchange) cases.Exchange
}

// Try makes one call that is not as its case says. Its Problem is empty unless the call could not be made at all.
func (l *Lab) Try(ctx context.Context, t Try) Trace {
	if t.Chance != 0 {
		usual := l.world.Seed
		l.world.Seed = t.Chance
		defer func() { l.world.Seed = usual }()
	}
	return l.performKeyed(ctx, t.Case, t.Call, &similar{left: t.Case.Exchanges, all: t.Case.Exchanges, change: t.Change}, t.Key)
}

// similar answers each request with the recorded answer to the request that it is most like: the same method and host,
// and a path as long, most of which is the same. The queries and bodies may differ. What is like none is not found.
type similar struct {
	left, all []cases.Exchange
	change    func(n int, x cases.Exchange) cases.Exchange
	n         int
}

func (v *similar) answer(_ context.Context, r *Request) (*http.Response, error) {
	x, ok := v.take(r)
	if !ok {
		x = cases.Exchange{Status: http.StatusNotFound, Answer: map[string][]string{"Content-Type": {"application/json"}}, AnswerBody: []byte("{}")}
	}
	if v.change != nil {
		x = v.change(v.n, x)
	}
	v.n++
	return response(x.Status, http.Header(x.Answer), x.AnswerBody), nil
}

// take prefers what has not been used: the second request of a page is answered with the second page, and the last
// answer is given for ever.
func (v *similar) take(r *Request) (cases.Exchange, bool) {
	best, most := -1, 0
	for i, x := range v.left {
		if likeness := like(r, x); likeness > most {
			best, most = i, likeness
		}
	}
	var used cases.Exchange
	usedMost := 0
	for _, x := range v.all {
		if likeness := like(r, x); likeness >= usedMost && likeness > 0 {
			used, usedMost = x, likeness
		}
	}
	if best < 0 || usedMost > most {
		return used, usedMost > 0
	}
	x := v.left[best]
	v.left = append(v.left[:best:best], v.left[best+1:]...)
	return x, true
}

// like counts the segments of the path that are the same, and is 0 where more than one in three differs.
func like(r *Request, x cases.Exchange) int {
	if r.Method != x.Method || r.URL.Host != x.URL.Host {
		return 0
	}
	got, want := strings.Split(r.URL.EscapedPath(), "/"), strings.Split(x.URL.EscapedPath(), "/")
	if len(got) != len(want) {
		return 0
	}
	same := 0
	for i := range got {
		if got[i] == want[i] {
			same++
		}
	}
	if (len(got)-same)*3 > len(got) {
		return 0
	}
	return same
}
