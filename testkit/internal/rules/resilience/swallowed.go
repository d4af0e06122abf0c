package resilience

import (
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// succeeded finds calls that succeed although what they asked for was not done, or not told. A read whose answer the
// result does not need may fail.
func succeeded(t *trial) string {
	switch {
	case t.Fault != nil, t.meant(""), t.same() && !t.writes():
		return ""
	}
	return t.end()
}

// misread finds calls that succeed with another output than the one recorded, although the answer could not be read. A
// write has been done all the same: it may say less of it.
func misread(t *trial) string {
	switch {
	case t.Fault != nil, t.same(), t.writes() && t.less():
		return ""
	}
	return t.end()
}

func swallow(id, title, fix string, within scope, judge wrong) rule.Rule {
	return behaviour(report.Rule{
		ID: id, Title: title, Severity: report.Error, Fix: fix,
		Rationale: "A call that succeeds although the vendor has failed loses data, and nobody is told.",
		Origin:    "Airbyte CAT no silent failures, Zapier throw on error statuses",
	}, within, judge)
}

const returnFault = "return the response's fault wherever its status is not 2xx (sdk: if !resp.OK() { return resp.Fault() }); a case that shows it makes an exception"

var swallowed = []rule.Rule{
	swallow("R001", "No call succeeds when the vendor fails", returnFault, ofKind(lab.Failing), succeeded),
	swallow("R002", "No call succeeds when the vendor refuses", returnFault, ofKind(lab.Refused), succeeded),
	swallow("R003", "No call succeeds when the vendor throttles", returnFault, ofKind(lab.Throttled), succeeded),
	swallow("R004", "No call succeeds when an answer is lost", "return the error of the request: nobody knows what the vendor has done",
		ofKind(lab.Lost), succeeded),
	swallow("R005", "No call succeeds with a body that cannot be read",
		"return the error of reading the body (sdk: resp.JSON), also when it is empty", ofKind(lab.Unreadable, lab.Oversized), misread),
	swallow("R006", "No call succeeds with a body of another JSON type",
		"read the body into the type that the vendor documents, and return an internal fault for any other",
		ofKind(lab.OtherType).and(func(t *trial) bool { return !t.Mishap.Nothing }), misread),
	swallow("R007", "A redirect that is not followed is no success", "treat 3xx as an error, as sdk's resp.OK does", ofKind(lab.Redirected), succeeded),
	swallow("R008", "No call succeeds with an answer that an error rule matches",
		"ask resp.OK, which knows what the manifest's error rules say, before the status", ofKind(lab.Classified), succeeded),
	swallow("R009", "A credential that ends between two requests ends the call",
		"return the fault of every request of the call, the second page's too",
		status(401).and(func(t *trial) bool { return t.Index > 0 }), func(t *trial) string { return succeeded(t) + coded(t) }),
	behaviour(report.Rule{
		ID: "R055", Title: "null is no answer", Severity: report.Note,
		Rationale: "Some languages read null into anything, and leave it empty: the call succeeds with nothing.",
		Fix:       "return an internal fault when a body is null, as sdk's resp.JSON does",
		Origin:    "Airbyte CAT no silent failures",
	}, ofKind(lab.OtherType).and(func(t *trial) bool { return t.Mishap.Nothing }), misread),
}
