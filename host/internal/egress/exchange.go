package egress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"patchbay/abi"
)

// exchange is one use of [Client.Do]: a request, its redirects and a response.
type exchange struct {
	client   *Client
	policy   *Policy
	plan     *plan
	scrub    *scrubber
	cancel   context.CancelCauseFunc
	progress progress
	hop      *hop  // the latest that was admitted; nil when none was
	told     Trace // what is known beside hop and progress
}

func (x *exchange) run(ctx context.Context, req abi.Request) (abi.Response, *abi.Fault) {
	h, fault := x.begin(req)
	if fault != nil {
		x.told.Refused = true
		return abi.Response{}, fault
	}
	for {
		resp, next, fault := x.attempt(ctx, h)
		if fault != nil || next == nil {
			return resp, fault
		}
		if x.told.Hops == maxRedirects {
			return abi.Response{}, abi.Faultf(abi.LimitExceeded, "%s: more than %d redirects", h.target.authority(), maxRedirects)
		}
		x.told.Hops++
		x.told.Sent = x.told.Sent || !safe(h.method)
		h = next
	}
}

// attempt makes h's request. It returns the response, or the hop that it redirects to.
func (x *exchange) attempt(ctx context.Context, h *hop) (out abi.Response, next *hop, fault *abi.Fault) {
	x.hop = h
	release, fault := x.admit(ctx, h)
	if fault != nil {
		return abi.Response{}, nil, fault
	}
	var outcome Outcome
	defer func() { release(outcome) }()
	defer x.progress.use(nil)
	resp, fault := x.send(ctx, h)
	if fault != nil {
		x.record(h, abi.Response{Fault: fault})
		return abi.Response{}, nil, fault
	}
	defer resp.Body.Close()
	outcome = Outcome{Status: resp.StatusCode, Header: resp.Header}
	if !redirects(resp) {
		if out, fault = x.receive(ctx, h, resp); fault != nil {
			x.record(h, abi.Response{Fault: fault})
			return out, nil, fault
		}
		x.record(h, out)
		return out, nil, nil
	}
	if x.policy.Record != nil {
		x.record(h, x.head(h, resp))
	}
	if next = x.follow(h, resp); next == nil {
		return x.head(h, resp), nil, nil
	}
	return abi.Response{}, next, nil
}

// admit waits until h's request may be sent.
func (x *exchange) admit(ctx context.Context, h *hop) (release func(Outcome), fault *abi.Fault) {
	x.progress.reset()
	if x.policy.Admit == nil {
		return func(Outcome) {}, nil
	}
	release, err := x.policy.Admit(ctx, Outgoing{Grant: h.rule.ID, Method: h.method, Origin: h.target.origin(), Path: h.target.path})
	if err != nil {
		return nil, x.ownFailure(ctx, h, "admit the request", err)
	}
	return release, nil
}

// begin judges the guest's request.
func (x *exchange) begin(req abi.Request) (*hop, *abi.Fault) {
	if x.plan.err != nil {
		return nil, abi.Faultf(abi.Forbidden, "%v: check the manifest, and the fields of the connection", x.plan.err)
	}
	x.told.Method = clip(req.Method, 20)
	t, err := parseURL(req.URL)
	if err != nil {
		return nil, abi.Faultf(abi.InvalidInput, "url %v", err)
	}
	x.told.Host, x.told.Path = t.authority(), t.path
	rule, fault := judge(x.plan.rules, req.Method, t)
	if fault != nil {
		return nil, fault
	}
	if key := ownedKey(t.query, x.policy.Owned); key != "" {
		return nil, abi.Faultf(abi.InvalidInput, "query parameter %s belongs to the auth method: leave it out, the host sets it", clip(key, 100))
	}
	header, fault := guestHeader(req.Headers, x.policy.Owned)
	if fault != nil {
		return nil, fault
	}
	if limit := x.policy.Limits.RequestBody; int64(len(req.Body)) > limit {
		return nil, abi.Faultf(abi.LimitExceeded, "request body: %d bytes are more than the limit of %d", len(req.Body), limit)
	}
	return &hop{method: req.Method, target: t, rule: rule, header: header, body: req.Body}, nil
}

// send sends h's request and returns the response's head. The caller closes its body.
func (x *exchange) send(ctx context.Context, h *hop) (*http.Response, *abi.Fault) {
	r := x.progress.watch(h.request(ctx), x.cancel)
	if h.trusted() && x.policy.Authorize != nil {
		if fault := x.authorize(r, h); fault != nil {
			return nil, fault
		}
	}
	x.progress.sent.Store(x.client.replaced) // which may not say how far it comes
	x.told.Authorized = x.told.Authorized || h.trusted() && (x.policy.Authorize != nil || x.policy.Certificate != nil)
	h.sent = true
	resp, err := x.roundTrip(h, r)
	if err == nil && context.Cause(ctx) == errUnasked {
		resp.Body.Close()
		err = errUnasked
	}
	if err != nil {
		return nil, x.failure(ctx, h.target.authority(), err)
	}
	if lengths := resp.Header["Content-Length"]; len(lengths) > 1 || len(lengths) == 1 && strings.Trim(lengths[0], "0123456789") != "" {
		resp.Body.Close() // HTTP/2 has lengths of its own, and net/http lets these through
		return nil, abi.Faultf(abi.Unavailable, "%s sent no valid HTTP response: more than one length of the body, or none that is a number",
			h.target.authority())
	}
	if resp.StatusCode < 200 { // a switch of protocols that nobody asked for, or "000"
		resp.Body.Close()
		return nil, abi.Faultf(abi.Unavailable, "%s answered with the status %d, which ends no request", h.target.authority(), resp.StatusCode)
	}
	return resp, nil
}

// roundTrip has the request made. The network bounds the wait for the first byte by itself, anything in its place
// would not.
func (x *exchange) roundTrip(h *hop, r *http.Request) (*http.Response, error) {
	if x.client.timed {
		x.progress.set(waiting) // unless it says something else
		defer x.client.clock.AfterFunc(firstByteTimeout, func() { x.cancel(errSilent) }).Stop()
	}
	return x.transport(h).RoundTrip(r)
}

// request makes the request that h stands for, without the credential.
func (h *hop) request(ctx context.Context) *http.Request {
	u := h.target.url()
	r := &http.Request{Method: h.method, URL: u, Host: u.Host, Header: h.header.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if len(h.body) > 0 {
		r.ContentLength = int64(len(h.body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(h.body)), nil }
		r.Body, _ = r.GetBody()
	}
	if h.method != http.MethodHead && r.Header.Get("Range") == "" { // a part of a gzip stream cannot be decoded
		r.Header.Set("Accept-Encoding", "gzip")
	}
	return r.WithContext(ctx)
}

// authorize attaches the credential and makes sure that nothing else has changed.
func (x *exchange) authorize(r *http.Request, h *hop) *abi.Fault {
	before := sent{r.Header.Clone(), *r.URL}
	err := x.policy.Authorize(r)
	for _, secret := range before.added(r) {
		x.scrub = x.plan.learn(x.scrub, secret)
	}
	switch {
	case err != nil:
		return x.ownFailure(r.Context(), h, "attach the connection's credential", err)
	case r.Method != h.method || r.Host != before.url.Host || r.URL.Scheme != before.url.Scheme || r.URL.Host != before.url.Host ||
		r.URL.User != nil || r.URL.Opaque != "" || r.URL.EscapedPath() != h.target.path:
		return abi.Faultf(abi.Internal, "the auth method changed more of the request than its headers and query")
	}
	if len(h.body) > 0 {
		r.Body, _ = r.GetBody() // it may have been read
	}
	return nil
}

// ownFailure turns an error of the host's own functions into a fault. One that is no fault is for the log only.
func (x *exchange) ownFailure(ctx context.Context, h *hop, doing string, err error) *abi.Fault {
	var fault *abi.Fault
	if errors.As(err, &fault) {
		return fault
	}
	if fault = x.overrun(ctx, h.target.authority(), err); fault != nil {
		return fault
	}
	x.client.log.LogAttrs(ctx, slog.LevelError, doing, slog.String("host", h.target.authority()), slog.String("err", x.scrub.text(err.Error())))
	return abi.Faultf(abi.Internal, "the host could not %s: its log says why", doing)
}

// receive reads resp to its end.
func (x *exchange) receive(ctx context.Context, h *hop, resp *http.Response) (abi.Response, *abi.Fault) {
	defer resp.Body.Close()
	x.progress.set(reading)
	body, err := x.readBody(h, resp)
	if err != nil {
		return abi.Response{}, x.failure(ctx, h.target.authority(), err)
	}
	out := x.head(h, resp)
	if resp.Header.Get("Content-Encoding") != "" {
		delete(out.Headers, "Content-Encoding")
		delete(out.Headers, "Content-Length")
	}
	out.Body = body
	return out, nil
}

// head returns the response without its body. The URL is the one before the credential was attached.
func (x *exchange) head(h *hop, resp *http.Response) abi.Response {
	return abi.Response{Status: resp.StatusCode, Headers: vendorHeader(resp.Header, x.plan.hidden), URL: h.target.url().String()}
}

// transport returns the way to the hop's origin. The client certificate is a credential, and goes where that goes.
func (x *exchange) transport(h *hop) http.RoundTripper {
	private := slices.Contains(x.plan.private, h.target.origin())
	if !h.trusted() {
		return x.client.pool.get(private, nil)
	}
	return x.client.pool.get(private, x.policy.Certificate)
}
