package egress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"patchbay/abi"
)

// exchange is one use of [Client.Do]: a request, its redirects and a response.
type exchange struct {
	client   *Client
	policy   Policy
	rules    []rule
	scrub    *scrubber
	cancel   context.CancelCauseFunc
	progress progress
	hop      *hop // the latest; nil when the request was refused
}

func (x *exchange) run(ctx context.Context, req abi.Request) (abi.Response, *abi.Fault) {
	h, fault := x.begin(req)
	if fault != nil {
		return abi.Response{}, fault
	}
	for hops := 0; ; hops++ {
		x.hop = h
		resp, fault := x.send(ctx, h)
		if fault != nil {
			return abi.Response{}, fault
		}
		if !redirects(resp) {
			return x.receive(ctx, h, resp)
		}
		next := x.follow(h, resp)
		resp.Body.Close()
		switch {
		case next == nil:
			return x.head(h, resp), nil
		case hops == maxRedirects:
			return abi.Response{}, abi.Faultf(abi.LimitExceeded, "%s: more than %d redirects", h.target.authority(), maxRedirects)
		}
		h = next
	}
}

// begin judges the guest's request.
func (x *exchange) begin(req abi.Request) (*hop, *abi.Fault) {
	var err error
	if x.rules, err = compileAll(x.policy.Grants); err != nil {
		return nil, abi.Faultf(abi.Forbidden, "%v: check the manifest, and the fields of the connection", err)
	}
	t, err := parseURL(req.URL)
	if err != nil {
		return nil, abi.Faultf(abi.InvalidInput, "url %v", err)
	}
	rule, fault := judge(x.rules, req.Method, t)
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
	r := h.request(x.progress.trace(ctx))
	if h.rule.Authenticated && !h.foreign && x.policy.Authorize != nil {
		if fault := x.authorize(r, h); fault != nil {
			return nil, fault
		}
	}
	resp, err := x.transport(h).RoundTrip(r)
	if err != nil {
		return nil, x.failure(ctx, h.target.authority(), err)
	}
	if resp.StatusCode < 200 { // a switch of protocols that nobody asked for, or "000"
		resp.Body.Close()
		return nil, abi.Faultf(abi.Unavailable, "%s answered with the status %d, which ends no request", h.target.authority(), resp.StatusCode)
	}
	return resp, nil
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
	before := r.Clone(r.Context())
	err := x.policy.Authorize(r)
	x.scrub.learn(before, r)
	var fault *abi.Fault
	switch {
	case errors.As(err, &fault):
		return fault
	case err != nil:
		x.client.log.LogAttrs(r.Context(), slog.LevelError, "attach credential",
			slog.String("host", h.target.authority()), slog.String("err", x.scrub.text(err.Error())))
		return abi.Faultf(abi.Internal, "the host could not attach the connection's credential: its log says why")
	case r.Method != h.method || r.Host != before.Host || r.URL.Scheme != before.URL.Scheme || r.URL.Host != before.URL.Host ||
		r.URL.User != nil || r.URL.Opaque != "" || r.URL.EscapedPath() != h.target.path:
		return abi.Faultf(abi.Internal, "the auth method changed more of the request than its headers and query")
	}
	if len(h.body) > 0 {
		r.Body, _ = r.GetBody() // it may have been read
	}
	return nil
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
	return abi.Response{Status: resp.StatusCode, Headers: vendorHeader(resp.Header, x.policy.Owned), URL: h.target.url().String()}
}

// record writes the exchange's line: what was asked for, and what became of it; no query, header or body.
func (x *exchange) record(ctx context.Context, resp *abi.Response, size int, took time.Duration) {
	attrs := []slog.Attr{slog.Duration("dur", took), slog.Int("bytes", size), slog.Int("status", resp.Status)}
	if h := x.hop; h != nil {
		attrs = append(attrs, slog.String("method", h.method), slog.String("host", h.target.authority()),
			slog.String("path", x.scrub.text(clip(h.target.path, 200))), slog.String("grant", h.rule.ID))
	}
	if resp.Fault != nil {
		attrs = append(attrs, slog.String("err", resp.Fault.Error()))
	}
	x.client.log.LogAttrs(ctx, slog.LevelInfo, "http exchange", attrs...)
}

// transport returns the way to the hop's origin.
func (x *exchange) transport(h *hop) http.RoundTripper {
	if slices.ContainsFunc(x.policy.Private, func(origin string) bool {
		t, err := parseURL(origin)
		return err == nil && t.origin() == h.target.origin()
	}) {
		return x.client.private
	}
	return x.client.public
}
