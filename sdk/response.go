package sdk

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"patchbay/abi"
)

// Response is what a vendor answered, whatever its status.
type Response struct {
	Status int    // 200, 404, ...
	Header Header // names in canonical form
	Body   []byte // decoded: no gzip
	URL    string // where it came from, after redirects

	method, requested string
	failure           *Fault
}

func newResponse(sent *abi.Request, r abi.Response) *Response {
	from := r.URL
	if from == "" {
		from = sent.URL
	}
	header := Header(r.Headers)
	if header == nil {
		header = Header{}
	}
	return &Response{Status: r.Status, Header: header, Body: r.Body, URL: from, method: sent.Method, requested: sent.URL, failure: r.Failure}
}

// OK reports whether the status is 2xx and no error rule of the manifest finds an error in the response.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 && r.failure == nil }

// JSON reads the body into v. Numbers read into an any are a [json.Number] with all their digits. A body
// that is not JSON (the page of a gateway, say) is an unavailable fault; one of another shape than v's is
// an internal fault that says where, since the connector's types are wrong about the vendor. So is null, unless v points
// to what can tell it from nothing at all: an any, a pointer or a [json.RawMessage].
func (r *Response) JSON(v any) error {
	// encoding/json would put U+FFFD in the place of what is not UTF-8, and nobody would know.
	if !utf8.Valid(r.Body) {
		return Faultf(Unavailable, "%s answered %d with a body that is not valid UTF-8", r.what(), r.Status)
	}
	err := unmarshal(r.Body, v)
	switch {
	case err == nil && string(bytes.TrimSpace(r.Body)) == "null" && !knowsNull(v):
		return Faultf(Internal, "%s: read the response: want %s, got null", r.what(), jsonType(reflect.TypeOf(v).Elem()))
	case err == nil:
		return nil
	}
	if !json.Valid(r.Body) {
		kind := r.Header.Get("Content-Type")
		if kind == "" {
			kind = "no content type"
		}
		return Faultf(Unavailable, "%s answered %d with a body that is not JSON (%s)", r.what(), r.Status, kind)
	}
	where := "the response"
	if pointer := place(r.Body, err); pointer != "" {
		where += " at " + pointer
	}
	return Faultf(Internal, "%s: read %s: %s", r.what(), where, reason(err))
}

// knowsNull reports whether what v points to is not the same after null as before.
func knowsNull(v any) bool {
	t := reflect.TypeOf(v).Elem()
	return t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer || t == reflect.TypeFor[json.RawMessage]()
}

// Fault makes a fault of the response, for a connector to enrich with what the body says. It is never nil,
// so ask [Response.OK] first. What the host has made of the response, by the manifest's error rules, goes first.
// Without it there are codes by status: 400 and 422 invalid_input, 401 unauthorized, 402 and 403
// forbidden, 404 and 410 not_found, 408 timeout, 409 and 412 conflict, 429 rate_limited, 5xx unavailable,
// anything else internal. RetryAfter is set from the header of that name, Details holds the status.
func (r *Response) Fault() *Fault {
	f := r.classified()
	if after, ok := r.RetryAfter(); ok && f.RetryAfter == 0 && f.Code.Temporary() {
		f.RetryAfter = after.Seconds()
	}
	if f.Details == nil {
		f.Details, _ = json.Marshal(map[string]int{"status": r.Status})
	}
	return f
}

// classified is a copy of the host's failure, or a fault by the status alone.
func (r *Response) classified() *Fault {
	if r.failure != nil {
		f := *r.failure
		return &f
	}
	f := Faultf(codeOf(r.Status), "%s answered %d", r.what(), r.Status)
	if r.Status >= 300 && r.Status < 400 {
		f.Message += ", a redirect that the manifest's grants do not allow the host to follow"
	}
	return f
}

func codeOf(status int) Code {
	switch status {
	case 400, 422:
		return InvalidInput
	case 401:
		return Unauthorized
	case 402, 403:
		return Forbidden
	case 404, 410:
		return NotFound
	case 408:
		return Timeout
	case 409, 412:
		return Conflict
	case 429:
		return RateLimited
	}
	if status >= 500 && status < 600 {
		return Unavailable
	}
	return Internal
}

// what names the request in messages, without its query.
func (r *Response) what() string {
	where, _, _ := strings.Cut(r.requested, "?")
	return r.method + " " + where
}

// resolve makes a link in the response absolute. It is empty when the link is no URL.
func (r *Response) resolve(link string) string {
	base, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	u, err := base.Parse(link)
	if err != nil {
		return ""
	}
	return u.String()
}
