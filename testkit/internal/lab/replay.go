package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
)

// kept is what needs to be run only once.
type kept struct {
	replays   []Trace
	elsewhere *Lab
	harsh     *Lab
	trials    map[Kind][]Trial
}

// Replays runs every case as it was recorded.
func (l *Lab) Replays(ctx context.Context) []Trace {
	if l.kept.replays == nil {
		for _, k := range l.cases {
			l.kept.replays = append(l.kept.replays, l.Replay(ctx, k))
		}
	}
	return l.kept.replays
}

// Replay runs a case as it was recorded. What the vendor heard explains the result, so it is said first.
func (l *Lab) Replay(ctx context.Context, k *cases.Case) Trace {
	t := l.converse(ctx, k)
	if t.Problem != "" {
		return t
	}
	if err := k.Want.Check(t.Status, t.Output, t.err()); err != nil {
		t.Problem = err.Error()
	}
	return t
}

// Expect returns what a case should expect: what its replay gives. A replay whose requests are not the recorded ones, or
// in which a credential comes back, gives nothing that could be expected. A defect of the connector is never expected.
func (l *Lab) Expect(ctx context.Context, k *cases.Case) (cases.Want, error) {
	t := l.converse(ctx, k)
	if t.Problem != "" {
		return cases.Want{}, errors.New(t.Problem)
	}
	if t.defect() {
		return cases.Want{}, fmt.Errorf("a defect that no case should expect: %w", t.Fault)
	}
	return cases.Expect(t.Status, t.Output, t.Fault), nil
}

// defect reports whether the connector, or the host, could not make anything of what the vendor said: with internal, or
// as in doubt although every answer was a good one.
func (t *Trace) defect() bool {
	if t.Fault == nil || t.Fault.Code != abi.InDoubt {
		return t.Fault != nil && t.Fault.Code == abi.Internal
	}
	return !slices.ContainsFunc(t.Requests, func(r Request) bool { return r.Status >= 400 })
}

// converse runs a case and looks at everything but the result.
func (l *Lab) converse(ctx context.Context, k *cases.Case) Trace {
	rt := &replay{left: k.Exchanges}
	t := l.perform(ctx, k, k.Call, rt)
	switch {
	case t.Problem != "":
	case t.Leaked:
		t.Problem = "a planted credential came back in the result, a fault or a log line"
	default:
		t.Problem = rt.verdict(t.err())
	}
	return t
}

// replay answers requests with a case's exchanges, in their order, and none that differs.
type replay struct {
	left    []cases.Exchange
	problem string // the first thing that did not fit
}

func (v *replay) answer(_ context.Context, r *Request) (*http.Response, error) {
	if len(v.left) == 0 {
		return nil, v.fail("a request that the case does not expect: %s %s", r.Method, r.URL)
	}
	x := v.left[0]
	diff := x.Differs(r.Method, r.URL, r.Header, r.Body)
	if diff == "" {
		diff = r.Misplaced
	}
	if diff != "" {
		return nil, v.fail("%s.request: %s", x.Name, diff)
	}
	v.left = v.left[1:]
	return response(x.Status, http.Header(x.Answer), x.AnswerBody), nil
}

// response is an answer of a vendor.
func response(status int, head http.Header, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: cloned(head), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// cloned is head, which may be nil, as a response needs it.
func cloned(head http.Header) http.Header {
	if head == nil {
		return http.Header{}
	}
	return head.Clone()
}

// fail keeps the first problem: what follows it is only its consequence.
func (v *replay) fail(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if v.problem == "" {
		v.problem = err.Error()
	}
	return err
}

// verdict says what is wrong with the conversation as a whole. err is how the call ended.
func (v *replay) verdict(err error) string {
	if v.problem != "" || len(v.left) == 0 {
		return v.problem
	}
	unused := fmt.Errorf("%s was not used: the connector never sent %s %s", v.left[0].Name, v.left[0].Method, v.left[0].URL)
	if err != nil {
		unused = fmt.Errorf("%w; the call failed: %w", unused, err)
	}
	return unused.Error()
}
