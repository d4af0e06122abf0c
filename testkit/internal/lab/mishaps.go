package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// mishaps are all of a kind that can go wrong with one exchange, in a fixed order.
func (l *Lab) mishaps(x *cases.Exchange, kind Kind) []Mishap {
	switch kind {
	case Throttled:
		return l.throttles()
	case Failing:
		return l.failures()
	case Refused:
		return l.refusals()
	case Classified:
		return l.classified()
	case Lost:
		return losses(x)
	case Redirected:
		return redirects(x)
	}
	if x.Status/100 != 2 {
		return nil
	}
	var all []Mishap
	if kind == Missing {
		all = headless(x)
	}
	if !json.Valid(x.AnswerBody) {
		return all
	}
	switch kind {
	case Unreadable:
		return unreadable(x)
	case Oversized:
		return oversized(x)
	case OtherType:
		return retyped(x)
	case Extra:
		return []Mishap{extra(x)}
	}
	return append(all, changed(x, kind)...)
}

// throttles are 429 with every form of Retry-After.
func (l *Lab) throttles() []Mishap {
	body, words := l.errorBody(http.StatusTooManyRequests)
	throttle := func(does string, asks float64, header ...string) Mishap {
		m := Mishap{Kind: Throttled, Does: "answers 429 " + does, Asks: asks, Words: words}
		return m.says(429, body, append(header, "Content-Type", "application/json")...)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	date := now.Add(longWait * time.Second).Format(http.TimeFormat)
	once := throttle("once, with Retry-After: 2", shortWait, "Retry-After", strconv.Itoa(shortWait))
	once.Once = true
	return []Mishap{
		once,
		throttle("with Retry-After: 120", longWait, "Retry-After", strconv.Itoa(longWait)),
		throttle("with Retry-After: 120.5", longWait+.5, "Retry-After", fmt.Sprint(longWait+.5)),
		throttle("with a date two minutes away as Retry-After", longWait, "Retry-After", date, "Date", now.Format(http.TimeFormat)),
		throttle("without Retry-After", 0),
		throttle("with Retry-After: 86400", 3600, "Retry-After", "86400"), // an hour is all that a host believes
		throttle("with Retry-After: -5", 0, "Retry-After", "-5"),
		throttle("with Retry-After: soon", 0, "Retry-After", "soon"),
	}
}

const gatewayPage = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>nginx</h1></body></html>"

// failures are what a vendor answers when it is not well: the gateway before it speaks HTML.
func (l *Lab) failures() []Mishap {
	fail := func(status int, once bool, does string, header ...string) Mishap {
		m := Mishap{Kind: Failing, Does: fmt.Sprintf("answers %d%s", status, does), Once: once}
		body, words := l.errorBody(status)
		if strings.Contains(does, "HTML") {
			return m.says(status, []byte(gatewayPage), append(header, "Content-Type", "text/html")...)
		}
		m.Words = words
		return m.says(status, body, append(header, "Content-Type", "application/json")...)
	}
	after := fail(503, false, " with Retry-After: 120", "Retry-After", strconv.Itoa(longWait))
	after.Asks = longWait
	return []Mishap{
		fail(503, true, " once"), fail(500, true, " once"), after, fail(503, false, " with HTML"), fail(500, false, ""),
		fail(502, false, " with HTML"), fail(504, false, " with HTML"), fail(408, false, ""),
	}
}

// refusals are the errors that no repetition helps against. 401 is also the token that ends between two requests.
func (l *Lab) refusals() []Mishap {
	var all []Mishap
	for _, status := range []int{400, 401, 403, 404, 409, 422} {
		body, words := l.errorBody(status)
		m := Mishap{Kind: Refused, Does: fmt.Sprintf("answers %d", status), Words: words}
		all = append(all, m.says(status, body, "Content-Type", "application/json"))
	}
	return all
}

// classified are the errors that the manifest's rules find within an answer, be it a success.
func (l *Lab) classified() []Mishap {
	var all []Mishap
	for i, r := range l.m.Errors {
		status := r.Status
		if status == 0 {
			status = 400
		}
		m := Mishap{Kind: Classified, Code: r.Code, Does: fmt.Sprintf("answers %d with what /errors/%d looks for", status, i)}
		var doc any
		head := []string{"Content-Type", "application/json"}
		switch {
		case r.Pointer != "":
			doc = put(doc, r.Pointer, literal(r.Equals))
		case r.Header != "":
			head = append(head, r.Header, strings.Trim(string(literal(r.Equals)), `"`))
		default:
			continue
		}
		if r.Message != "" && r.Message != r.Pointer {
			doc, m.Words = put(doc, r.Message, quote(Words)), true
		}
		all = append(all, m.says(status, encode(doc), head...))
	}
	return all
}

// literal is a value that a rule's equals matches.
func literal(equals string) json.RawMessage {
	if equals == "" {
		return quote(Marker)
	}
	var v any
	if json.Unmarshal([]byte(equals), &v) == nil {
		switch v.(type) {
		case bool, float64:
			return json.RawMessage(equals)
		}
	}
	return quote(equals)
}

// errorBody is what the vendor says with a status: [Words], where the manifest's rule for it looks for them.
func (l *Lab) errorBody(status int) (body []byte, words bool) {
	i := slices.IndexFunc(l.m.Errors, func(r manifest.ErrorRule) bool { return r.Status == status && r.Pointer == "" && r.Header == "" })
	if i < 0 || l.m.Errors[i].Message == "" {
		return []byte("{}"), false
	}
	return encode(put(nil, l.m.Errors[i].Message, quote(Words))), true
}
