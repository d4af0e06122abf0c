package lab

import (
	"context"
	"net/http"

	"patchbay/internal/virtual"
	"patchbay/testkit/internal/cases"
)

// Kind groups what can go wrong by what an operation has to make of it.
type Kind string

// Kinds of mishaps.
const (
	Throttled  Kind = "throttled"  // 429
	Failing    Kind = "failing"    // 408 and 5xx
	Refused    Kind = "refused"    // another 4xx
	Classified Kind = "classified" // an error that a rule of the manifest finds within an answer
	Lost       Kind = "lost"       // no answer, or only the beginning of one
	Unreadable Kind = "unreadable" // a success whose body is not what it says
	OtherType  Kind = "other type" // a success with JSON of another type
	Oversized  Kind = "oversized"  // a success that goes over a bound
	Redirected Kind = "redirected" // to where no request may go
	Missing    Kind = "missing"    // a success without one of its properties
	Null       Kind = "null"       // a success with null for one of its properties
	Retyped    Kind = "retyped"    // a success with one of its properties of another type
	Extra      Kind = "extra"      // a success with properties that nobody knows
	Large      Kind = "large"      // a success with an id that no float64 holds, as a number or a text
)

// Kinds are all kinds of mishaps.
var Kinds = []Kind{
	Throttled, Failing, Refused, Classified, Lost, Unreadable, OtherType, Oversized, Redirected, Missing, Null, Retyped, Extra, Large,
}

// What a mishap puts into an answer is known again by these.
const (
	Marker    = "patchbay_marker"          // properties that nobody knows
	Words     = "The vendor says so: 4711" // a message for people
	LargeID   = "9007199254740993"         // 2^53+1
	LargeText = "8006604345696676081"      // an id in a text: what any number of fewer bits makes of it is told apart
	Elsewhere = "elsewhere.invalid"        // a host that no grant leads to
	longWait  = 120                        // seconds that no call waits
	shortWait = 2                          // seconds that every call waits
)

// Mishap is something that goes wrong at a vendor, in the place of one recorded answer.
type Mishap struct {
	Kind    Kind
	Does    string  // what the vendor does, after its name: "answers 429 with Retry-After: 120"
	Status  int     // of the answer; 0 without one
	Once    bool    // the next request is answered as recorded; otherwise it happens whenever the same is asked
	Code    string  // the one that a rule of the manifest names, for [Classified]
	Asks    float64 // seconds that the vendor asks to wait
	Words   bool    // the answer has [Words] where a rule of the manifest looks for a message
	Nothing bool    // the body is null, for [OtherType]
	Pointer string  // to what has changed in the body; "header Location" for a header

	answer func(ctx context.Context, clock *virtual.Clock, x *cases.Exchange) (*http.Response, error)
}

// success reports whether the vendor takes the request for done.
func (m *Mishap) success() bool { return m.Status/100 == 2 && m.Kind != Classified }

// says makes the vendor answer with a status, headers in pairs, and a body.
func (m Mishap) says(status int, body []byte, header ...string) Mishap {
	m.Status = status
	m.answer = func(context.Context, *virtual.Clock, *cases.Exchange) (*http.Response, error) {
		head := http.Header{}
		for i := 0; i < len(header); i += 2 {
			head.Set(header[i], header[i+1])
		}
		return response(status, head, body), nil
	}
	return m
}

// alters makes the vendor answer as recorded, with another body, and with other headers in pairs of name and value.
func (m Mishap) alters(x *cases.Exchange, body []byte, header ...string) Mishap {
	m.Status = x.Status
	m.answer = func(_ context.Context, _ *virtual.Clock, x *cases.Exchange) (*http.Response, error) {
		resp := response(x.Status, http.Header(x.Answer), body)
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}
	return m
}
