package resilience

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// meanings are the codes that a status may have: the first is the usual one.
var meanings = map[int][]abi.Code{
	400: {abi.InvalidInput}, 401: {abi.Unauthorized}, 402: {abi.Forbidden}, 403: {abi.Forbidden, abi.Unauthorized}, 404: {abi.NotFound},
	408: {abi.Timeout, abi.Unavailable}, 409: {abi.Conflict}, 410: {abi.NotFound}, 412: {abi.Conflict}, 422: {abi.InvalidInput, abi.Conflict},
	429: {abi.RateLimited}, 500: {abi.Unavailable}, 502: {abi.Unavailable}, 503: {abi.Unavailable, abi.RateLimited},
	504: {abi.Unavailable, abi.Timeout},
}

// coded finds faults with another code than the status has. A write that may have been done is in doubt.
func coded(t *trial) string { return miscoded(t, meanings[t.Mishap.Status]...) }

func miscoded(t *trial, want ...abi.Code) string {
	code := codeOf(t.Fault)
	switch {
	case t.Fault == nil, slices.Contains(want, code), t.meant(code):
		return ""
	case code == abi.InDoubt && t.doubtful() && t.Mishap.Kind != lab.Refused:
		return ""
	case code == abi.Timeout && t.Usage.Wall >= wall(t.op): // by repetitions, which another rule is about
		return ""
	}
	return fmt.Sprintf("%s; want %s", t.end(), words(want))
}

// wall is how long a call of an operation may take.
func wall(op manifest.Operation) time.Duration {
	return op.Limits.Apply(abi.Limits{}.WithDefaults()).Wall
}

func words(codes []abi.Code) string {
	var all []string
	for _, c := range codes {
		all = append(all, string(c))
	}
	return strings.Join(all, " or ")
}

func code(id, title, rationale string, within scope, judge wrong) rule.Rule {
	return behaviour(report.Rule{
		ID: id, Title: title, Severity: report.Error, Rationale: rationale,
		Fix:    "keep the code that the host gives the response (sdk: resp.Fault()), or name it in the manifest's errors",
		Origin: "Zapier error classes, Make error types",
	}, within, judge)
}

var codes = []rule.Rule{
	code("R010", "429 is rate_limited", "Whoever calls waits and repeats after rate_limited, and after nothing else.", status(429), coded),
	code("R011", "500, 502 and 503 are unavailable", "What the vendor cannot do now is no fault of the input: it is repeated later.", status(500, 502, 503), coded),
	code("R012", "408 and 504 are timeout or unavailable", "What took too long is repeated later.", status(408, 504), coded),
	code("R013", "401 is unauthorized", "Only unauthorized makes a host renew a credential, and ask its owner for a new one.", status(401), coded),
	code("R014", "403 is forbidden", "An admin has to allow something at the vendor: another credential or input does not help.", status(403), coded),
	code("R015", "404 is not_found", "A recipe tells a missing record from a failure by this code alone.", status(404), coded),
	code("R016", "409 is conflict", "Somebody else has changed what the call wanted to change: it is read again and tried anew.", status(409), coded),
	code("R017", "400 and 422 are invalid_input", "The input has to change: repeating it helps as little as reconnecting.", status(400, 422), coded),
	code("R018", "What an error rule of the manifest says reaches the caller", "A rule that the guest overrules misleads who reads the manifest.",
		ofKind(lab.Classified), func(t *trial) string { return miscoded(t, abi.Code(t.Mishap.Code)) }),
	code("R019", "A lost answer is unavailable, timeout or in_doubt", "Nobody knows what the vendor has done: no other code says so.",
		ofKind(lab.Lost), func(t *trial) string { return miscoded(t, abi.Unavailable, abi.Timeout) }),
	code("R021", "An answer that cannot be read is unavailable or internal", "A vendor's nonsense is nothing that another input would cure.",
		ofKind(lab.Unreadable, lab.OtherType), func(t *trial) string { return miscoded(t, abi.Unavailable, abi.Internal) }),
}

// doubts is about writes that nobody may repeat unseen.
var doubts = []rule.Rule{behaviour(report.Rule{
	ID: "R020", Title: "A write whose answer is lost is in doubt, unless it may be repeated", Severity: report.Error,
	Rationale: "A caller that repeats what has been done does it twice.",
	Fix:       "return the error of the request as it is; declare idempotency where the vendor makes repetition safe",
	Origin:    "Temporal non-retryable activities",
}, ofKind(lab.Lost).and(func(t *trial) bool {
	return !t.op.Repeatable() && !t.repeatable()
}), func(t *trial) string {
	if t.Fault == nil || t.Fault.Code == abi.InDoubt { // a success is another rule's business
		return ""
	}
	return t.end() + "; want in_doubt"
})}
