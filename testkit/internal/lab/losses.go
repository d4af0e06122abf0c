package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"patchbay/internal/virtual"
	"patchbay/testkit/internal/cases"
)

// losses are the ways in which an answer gets lost: nobody knows then what the vendor has done.
func losses(x *cases.Exchange) []Mishap {
	lose := func(does string, once bool, answer func(context.Context, *virtual.Clock, *cases.Exchange) (*http.Response, error)) Mishap {
		return Mishap{Kind: Lost, Does: does, Once: once, answer: answer}
	}
	all := []Mishap{
		lose("closes the connection once, before it answers", true, reset),
		lose("closes the connection before it answers", false, reset),
		lose("never answers", false, hang),
	}
	if len(x.AnswerBody) < 2 {
		return all
	}
	return append(all,
		lose("closes the connection within the body", false, cut),
		lose("sends one byte of the body every nine seconds", false, drip),
	)
}

func reset(context.Context, *virtual.Clock, *cases.Exchange) (*http.Response, error) {
	return nil, io.EOF
}

func hang(ctx context.Context, clock *virtual.Clock, _ *cases.Exchange) (*http.Response, error) {
	if err := clock.Sleep(ctx, 24*time.Hour); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func cut(_ context.Context, _ *virtual.Clock, x *cases.Exchange) (*http.Response, error) {
	resp := response(x.Status, http.Header(x.Answer), x.AnswerBody)
	half := bytes.NewReader(x.AnswerBody[:len(x.AnswerBody)/2])
	resp.Body = io.NopCloser(io.MultiReader(half, broken{}))
	return resp, nil
}

// broken is the end of a body that is shorter than was announced.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func drip(ctx context.Context, clock *virtual.Clock, x *cases.Exchange) (*http.Response, error) {
	resp := response(x.Status, http.Header(x.Answer), x.AnswerBody)
	resp.Body = io.NopCloser(&drops{ctx, clock, bytes.NewReader(x.AnswerBody)})
	return resp, nil
}

// drops are a body that comes byte by byte.
type drops struct {
	ctx   context.Context
	clock *virtual.Clock
	body  io.Reader
}

func (d *drops) Read(p []byte) (int, error) {
	if err := d.clock.Sleep(d.ctx, 9*time.Second); err != nil {
		return 0, err
	}
	return d.body.Read(p[:min(1, len(p))])
}

// redirects lead to where no request may go, or nowhere.
func redirects(x *cases.Exchange) []Mishap {
	self := *x.URL
	self.RawQuery = ""
	plain := self
	plain.Scheme = "http"
	var all []Mishap
	for _, to := range []struct {
		status      int
		name, where string
	}{
		{302, "another host", "https://" + Elsewhere + "/"},
		{307, "another host", "https://" + Elsewhere + "/"},
		{301, "http", plain.String()},
		{307, "the same address, again and again", self.String()},
	} {
		m := Mishap{Kind: Redirected, Does: fmt.Sprintf("redirects (%d) to %s", to.status, to.name)}
		all = append(all, m.says(to.status, nil, "Location", to.where))
	}
	return all
}

// unreadable are successes whose body is not the JSON that it should be.
func unreadable(x *cases.Exchange) []Mishap {
	kind := func(does string) Mishap {
		return Mishap{Kind: Unreadable, Does: fmt.Sprintf("answers %d %s", x.Status, does)}
	}
	text := bytes.TrimSpace(x.AnswerBody)
	invalid := bytes.Replace(text, []byte(`"`), []byte("\"\xff"), 1)
	all := []Mishap{
		kind("with an empty body").alters(x, nil),
		kind("with an HTML page").says(x.Status, []byte(gatewayPage), "Content-Type", "text/html"),
		kind("with the first half of its JSON").alters(x, text[:len(text)/2]),
		kind("with its JSON and something after it").alters(x, append(bytes.Clone(text), "}]"...)),
		kind("with its JSON as text/plain").alters(x, text, "Content-Type", "text/plain"),
	}
	if !bytes.Equal(invalid, text) {
		all = append(all, kind("with a body that is not valid UTF-8").alters(x, invalid))
	}
	return all
}

// oversized are successes beyond all bounds: JSON that is deep, a body that is announced to be long, and nobody reads.
func oversized(x *cases.Exchange) []Mishap {
	deep := Mishap{Kind: Oversized, Does: fmt.Sprintf("answers %d with arrays that are 10,000 deep", x.Status)}
	long := Mishap{Kind: Oversized, Does: fmt.Sprintf("answers %d with a body of 1 GiB", x.Status), Status: x.Status}
	long.answer = func(_ context.Context, _ *virtual.Clock, x *cases.Exchange) (*http.Response, error) {
		resp := response(x.Status, http.Header(x.Answer), nil)
		resp.ContentLength = 1 << 30
		return resp, nil
	}
	return []Mishap{deep.alters(x, []byte(strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))), long}
}

// retyped are successes with JSON of another type.
func retyped(x *cases.Exchange) []Mishap {
	var all []Mishap
	for _, other := range []string{"null", "[]", "{}", `"text"`, "42"} {
		if other[0] == bytes.TrimSpace(x.AnswerBody)[0] {
			continue
		}
		m := Mishap{Kind: OtherType, Nothing: other == "null", Does: fmt.Sprintf("answers %d with the JSON %s", x.Status, other)}
		all = append(all, m.alters(x, []byte(other)))
	}
	return all
}
