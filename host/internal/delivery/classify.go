package delivery

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// longest is the most time that a vendor is believed to need, whatever it asks for.
const longest = time.Hour

// Classify says what a vendor's response to req means: nil for a success, else a fault. The first rule that matches
// decides. looked reports whether one did that looked into the response, beyond its status. Without a rule the status
// decides from 400 on: 400 and 422 invalid_input, 401 unauthorized, 402 and 403 forbidden, 404 and 410 not_found, 408
// timeout, 409 and 412 conflict, 429 rate_limited, 5xx unavailable, any other internal. A time that the vendor names
// counts from its own Date, else from now.
func Classify(rules []manifest.ErrorRule, req abi.Request, resp abi.Response, now time.Time) (f *abi.Fault, looked bool) {
	body := document{raw: resp.Body}
	for _, r := range rules {
		if !matches(r, resp, &body) {
			continue
		}
		f = fault(abi.Code(r.Code), req, resp, body.text(r.Message))
		f.RetryAfter = after(f.Code, resp, body.text(r.RetryAfter), now).Seconds()
		return f, r.Pointer != "" || r.Header != ""
	}
	if resp.Status < 400 {
		return nil, false
	}
	f = fault(codeOf(resp.Status), req, resp, "")
	f.RetryAfter = after(f.Code, resp, "", now).Seconds()
	return f, false
}

func matches(r manifest.ErrorRule, resp abi.Response, body *document) bool {
	if r.Status != resp.Status && (r.Status != 0 || resp.Status < 400) {
		return false
	}
	switch {
	case r.Pointer != "":
		value, ok := body.at(r.Pointer)
		return ok && (r.Equals == "" || scalar(value) == r.Equals)
	case r.Header != "":
		for _, value := range header(resp.Headers, r.Header) {
			if r.Equals == "" || strings.TrimSpace(value) == r.Equals {
				return true
			}
		}
		return false
	}
	return r.Status != 0
}

// fault names the request and the status, and gives the vendor's words if there are any.
func fault(code abi.Code, req abi.Request, resp abi.Response, words string) *abi.Fault {
	if !code.Known() {
		code = abi.Internal // a manifest of a later version
	}
	f := abi.Faultf(code, "%s answered %d", what(req), resp.Status)
	if words != "" {
		f.Message += ": " + words
	}
	f.Details, _ = json.Marshal(map[string]int{"status": resp.Status})
	return f
}

// what names a request without its query, which may hold what is nobody's business.
func what(req abi.Request) string {
	where, _, _ := strings.Cut(req.URL, "?")
	return clean(fmt.Sprintf("%s %s", req.Method, where), 300)
}

// after is how long the vendor asks to wait: what its body says, else its header. Only for a code that passes with time.
func after(code abi.Code, resp abi.Response, inBody string, now time.Time) time.Duration {
	if !code.Temporary() {
		return 0
	}
	date := first(header(resp.Headers, "Date"))
	d, ok := abi.RetryAfter(inBody, date, now)
	if !ok {
		d, _ = abi.RetryAfter(first(header(resp.Headers, "Retry-After")), date, now)
	}
	return min(d, longest)
}

func codeOf(status int) abi.Code {
	switch status {
	case 400, 422:
		return abi.InvalidInput
	case 401:
		return abi.Unauthorized
	case 402, 403:
		return abi.Forbidden
	case 404, 410:
		return abi.NotFound
	case 408:
		return abi.Timeout
	case 409, 412:
		return abi.Conflict
	case 429:
		return abi.RateLimited
	}
	if status >= 500 && status < 600 {
		return abi.Unavailable
	}
	return abi.Internal
}

// header returns the values of a header, whatever the case of its name.
func header(headers map[string][]string, name string) []string {
	for key, values := range headers {
		if strings.EqualFold(key, name) {
			return values
		}
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
