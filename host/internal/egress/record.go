package egress

import (
	"bytes"
	"net/http"

	"patchbay/abi"
)

// Exchange is one request on the wire and its answer, in a form that may be kept: neither holds a secret that is known
// when the answer has come. The recorder may keep it and change it.
type Exchange struct {
	// Request is what the guest, or a redirect, asked for: before the credential was attached, and without headers that
	// are this package's own. Its body is the guest's.
	Request abi.Request
	// Response has the headers that guests get to see and the decoded body, within the call's limits; that of a redirect
	// that was followed has no body. A Fault stands in its place when there was none, or not all of it.
	Response abi.Response
	// Number counts the guest's requests from 1, and Try the tries at one of them; the hops of a try have both the same.
	// This package leaves them 0.
	Number, Try int
}

// record tells the recorder of h's request, if it was sent.
func (x *exchange) record(h *hop, resp abi.Response) {
	if x.policy.Record == nil || !h.sent {
		return
	}
	resp.Headers = http.Header(resp.Headers).Clone() // the guest gets the others
	resp.Body = bytes.Clone(resp.Body)
	x.scrub.response(&resp)
	req := abi.Request{Method: h.method, URL: x.scrub.text(h.target.url().String()), Headers: h.header.Clone(), Body: x.scrub.bytes(bytes.Clone(h.body))}
	if h.header.Get("User-Agent") == userAgent {
		delete(req.Headers, "User-Agent")
	}
	x.scrub.headers(req.Headers)
	x.policy.Record(Exchange{Request: req, Response: resp})
}
