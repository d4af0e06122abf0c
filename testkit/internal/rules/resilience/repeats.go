package resilience

import (
	"context"
	"fmt"
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// recovered finds calls that do not end as recorded although the second try was answered so.
func recovered(t *trial) string {
	if t.Recorded.Fault != nil {
		if codeOf(t.Fault) == t.Recorded.Fault.Code {
			return ""
		}
		return t.end() + "; want " + string(t.Recorded.Fault.Code)
	}
	if t.Fault == nil && t.same() {
		return ""
	}
	return t.end() + "; the second try would have succeeded"
}

func recovers(id, title string, kind lab.Kind, applies func(*trial) bool) rule.Rule {
	return behaviour(report.Rule{
		ID: id, Title: title, Severity: report.Error,
		Rationale: "What passes by itself within seconds is nothing that a person should see.",
		Fix:       "leave repetition to the host: make every request through it, and give its faults back as they are",
		Origin:    "Airbyte DefaultErrorHandler, Stripe client retries",
	}, scope{[]lab.Kind{kind}, func(t *trial) bool { return t.Mishap.Once && applies(t) }}, recovered)
}

// repeats are about who sends a request again, and how often.
var repeats = []rule.Rule{
	recovers("R022", "A request that is throttled once succeeds", lab.Throttled, func(*trial) bool { return true }),
	recovers("R023", "A request that may be repeated survives one failure of the vendor", lab.Failing, func(t *trial) bool {
		return t.repeatable() && slices.Contains(t.retry.Statuses, t.Mishap.Status)
	}),
	recovers("R024", "A request that may be repeated survives a lost answer", lab.Lost, (*trial).repeatable),
	behaviour(report.Rule{
		ID: "R027", Title: "What the vendor refuses is not asked again", Severity: report.Error,
		Rationale: "A refusal does not pass by itself; asking again only brings the limit nearer, or locks the account.",
		Fix:       "return the fault; leave repetition to the host",
		Origin:    "AWS retry behaviour: no retries of client errors",
	}, ofKind(lab.Refused), func(t *trial) string {
		most := 1 + t.twins()
		if t.Mishap.Status == 401 {
			most *= 2 // after a renewal
		}
		return tooOften(t, most)
	}),
	behaviour(report.Rule{
		ID: "R028", Title: "A guest does not repeat what the host has repeated already", Severity: report.Error,
		Rationale: "Repetitions of repetitions multiply, and keep a vendor down that is failing.",
		Fix:       "return the fault of a request at once; retry in the manifest says how often the host repeats it",
		Origin:    "Google SRE book, retry amplification",
	}, ofKind(lab.Throttled, lab.Failing, lab.Lost), func(t *trial) string {
		// A vendor that is left alone for having failed hears of no more, so the guest's own requests are counted too: but not
		// in a call whose time was up, where it is chance whether another was begun.
		if n, most := t.Usage.HTTPCalls, t.Recorded.Usage.HTTPCalls+1; n > most && !t.outOfTime() {
			return fmt.Sprintf("the guest makes %d requests, and %d when nothing fails", n, most-1)
		}
		return tooOften(t, (1+t.twins())*(1+t.retry.Attempts))
	}),
	{Rule: report.Rule{
		ID: "R056", Title: "An operation does not sleep", Severity: report.Warning,
		Rationale: "A guest that sleeps holds its memory and one of the connector's few calls at a time, and nobody sees why a run takes long. The host waits for a vendor without any of that.",
		Fix:       "return the fault of a request, whose retry_after the host keeps to; return sdk.Pending(…) to be called again for what takes its time; leave the vendor's rate to quotas",
		Origin:    "AWS Lambda best practices, Google SRE book",
	}, Check: awake},
}

// awake finds calls that sleep, as they were recorded or when something goes wrong.
func awake(ctx context.Context, s *rule.Subject, found rule.Found) error {
	var gather gathered
	for _, t := range s.Lab.Replays(ctx) {
		if t.Usage.Slept > 0 {
			gather.add(string(t.Case.Call.Kind)+" "+t.Case.Call.Operation, fmt.Sprintf("%s: the guest sleeps for %v", t.Case.Name, t.Usage.Slept))
		}
	}
	all, err := trials(ctx, s, lab.Throttled, lab.Failing, lab.Refused, lab.Lost)
	for i := range all {
		if t := &all[i]; t.Usage.Slept > t.Recorded.Usage.Slept {
			gather.add(t.place(), fmt.Sprintf("%s; the guest sleeps for %v", t.what(), t.Usage.Slept))
		}
	}
	gather.tell(found)
	return err
}

// outOfTime reports whether the call may have ended because its time was up.
func (t *trial) outOfTime() bool {
	return t.Fault != nil && (t.Fault.Code == abi.Timeout || t.Fault.Code == abi.InDoubt || t.Fault.Code == abi.Canceled)
}

// twins are the other exchanges of the case that ask for the same.
func (t *trial) twins() (n int) {
	for _, x := range t.Case.Exchanges {
		if x.Method == t.Exchange.Method && x.URL.Path == t.Exchange.URL.Path {
			n++
		}
	}
	return n - 1
}

func tooOften(t *trial, most int) string {
	if t.Hits <= most {
		return ""
	}
	return fmt.Sprintf("the guest had it asked %d times, at most %d were to be", t.Hits, most)
}

// waits are about what the vendor says of time.
var waits = []rule.Rule{
	behaviour(report.Rule{
		ID: "R025", Title: "The time that a vendor asks to wait reaches the caller", Severity: report.Error,
		Rationale: "Who comes back too early is throttled again, and longer.",
		Fix:       "return resp.Fault(), whose RetryAfter is set, and do not make a new fault in its place",
		Origin:    "RFC 9110 section 10.2.3",
	}, ofKind(lab.Throttled, lab.Failing).and(func(t *trial) bool { return t.Mishap.Asks > 0 }), func(t *trial) string {
		if t.Fault == nil || !t.Fault.Code.Temporary() || t.Fault.RetryAfter >= t.Mishap.Asks {
			return ""
		}
		return fmt.Sprintf("%s, and retry_after %v; want %v seconds", t.end(), t.Fault.RetryAfter, t.Mishap.Asks)
	}),
	behaviour(report.Rule{
		ID: "R026", Title: "A Retry-After that cannot be read changes nothing", Severity: report.Error,
		Rationale: "Vendors send dates, fractions and worse; throttling is throttling all the same.",
		Fix:       "leave Retry-After to the host, which reads every form of it",
		Origin:    "RFC 9110 section 10.2.3",
	}, ofKind(lab.Throttled).and(func(t *trial) bool { return t.Mishap.Asks == 0 }), func(t *trial) string {
		if t.Fault == nil || t.Fault.RetryAfter <= time.Hour.Seconds() && t.Fault.RetryAfter >= 0 && t.Fault.Code != abi.Internal {
			return ""
		}
		return fmt.Sprintf("%s, and retry_after %v", t.end(), t.Fault.RetryAfter)
	}),
}

// writes are about what is done after a failure.
var writes = []rule.Rule{behaviour(report.Rule{
	ID: "R029", Title: "Nothing is written after a request has failed", Severity: report.Error,
	Rationale: "What was to be read first decides what is written: without it something else is.",
	Fix:       "return the fault of each request before the next one is made",
	Origin:    "Make: a module is all or nothing",
}, ofKind(lab.Failing, lab.Refused, lab.Throttled, lab.Lost), func(t *trial) string {
	if t.op.ReadOnly || t.goesOn() {
		return ""
	}
	for _, r := range t.Requests {
		if !safe(r.Method) && r.Method+r.URL.Path != t.Exchange.Method+t.Exchange.URL.Path && t.after(r) {
			return fmt.Sprintf("the guest goes on with %s %s", r.Method, r.URL.Path)
		}
	}
	return ""
})}

// after reports whether a request is of an exchange that comes after the one that went wrong.
func (t *trial) after(r lab.Request) bool {
	for _, x := range t.Case.Exchanges[:t.Index] {
		if x.Method == r.Method && x.URL.Path == r.URL.Path {
			return false
		}
	}
	return true
}

// goesOn reports whether a case shows that the call goes on after this status.
func (t *trial) goesOn() bool { return t.meant("") }
