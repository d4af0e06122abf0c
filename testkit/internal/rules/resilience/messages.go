package resilience

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var always = scope{lab.Kinds, func(*trial) bool { return true }}

// says finds faults whose message matches.
func says(bad *regexp.Regexp) wrong {
	return func(t *trial) string {
		if t.Fault == nil || !bad.MatchString(t.Fault.Message) {
			return ""
		}
		return t.end()
	}
}

var (
	library = regexp.MustCompile(`\bjson: |invalid character '|unexpected end of JSON input|unexpected EOF|strconv\.|cannot unmarshal|` +
		`net/http|reflect\.|nil pointer|runtime error|TypeError|undefined is not|NoneType|Traceback|\bserde|panicked at|\[object Object\]|` +
		`%!\w\(|<nil>`)
	page     = regexp.MustCompile(`(?i)<!doctype|<html|<body|<h1`)
	internal = regexp.MustCompile(`(^|[\s"'(=:])(/tmp|/home|/root|/usr|/var|/etc|/opt|/src|/work|/Users|/build)/|[A-Z]:\\|\w\.(go|rs|ts|js|py):\d+|goroutine \d|0x[0-9a-f]{6,}|\b(127\.0\.0\.1|localhost)\b`)
	misfit   = regexp.MustCompile(`output does not match its manifest`) // its field is one of the output
	trap     = regexp.MustCompile(`^the guest (panicked|trapped|ended itself|gave no result|gave a malformed|has no)|\binvoke returned|out of memory`)
)

// messages are about what a person reads of it.
var messages = []rule.Rule{
	behaviour(report.Rule{
		ID: "R030", Title: "The vendor's words are in the fault's message", Severity: report.Error,
		Rationale: "Only the vendor knows what it did not like; who is not told has to guess.",
		Fix:       "add resp.Fault().Message to a message of your own, or return resp.Fault() as it is",
		Origin:    "Zapier: show the API's error message; n8n NodeApiError",
	}, ofKind(lab.Throttled, lab.Failing, lab.Refused, lab.Classified).and(func(t *trial) bool { return t.Mishap.Words }), func(t *trial) string {
		switch {
		case t.Fault == nil, strings.Contains(t.Fault.Message, lab.Words):
			return ""
		case t.meant(t.Fault.Code) && !slices.Contains(meanings[t.Mishap.Status], t.Fault.Code): // it has an explanation of its own
			return ""
		case t.Fault.Code == abi.Timeout && t.Usage.Wall >= wall(t.op), trap.MatchString(t.Fault.Message):
			return ""
		}
		return fmt.Sprintf("%s; the vendor's words, %q, are lost", t.end(), lab.Words)
	}),
	behaviour(report.Rule{
		ID: "R032", Title: "A fault is said in words, not in those of a library", Severity: report.Note,
		Rationale: "Whoever reads the message cannot do anything with the names of a language's errors.",
		Fix:       "say what the vendor sent and what was expected, as sdk's resp.JSON does",
		Origin:    "Zapier D-series: human-readable errors",
	}, always, says(library)),
	behaviour(report.Rule{
		ID: "R033", Title: "No page of HTML is pasted into a fault's message", Severity: report.Warning,
		Rationale: "A gateway's page says nothing to a person, and much to a browser.",
		Fix:       "use a body in a message only when it is what the vendor documents for errors",
		Origin:    "n8n NodeApiError",
	}, always, says(page)),
	behaviour(report.Rule{
		ID: "R034", Title: "A fault does not tell of the machine", Severity: report.Error,
		Rationale: "Paths, addresses and stacks are of use only to attackers.",
		Fix:       "leave files, lines and addresses out of messages",
		Origin:    "OWASP ASVS 16.5.1",
	}, always, says(internal)),
	behaviour(report.Rule{
		ID: "R035", Title: "No failure of the vendor brings the credential to light", Severity: report.Error,
		Rationale: "Faults and logs are read by many, and kept for long.",
		Fix:       "never put headers or URLs of requests, or fields of the connection that are secret, into messages and logs",
		Origin:    "OWASP ASVS 16.2.5, Zapier: no secrets in logs",
	}, always, func(t *trial) string {
		if !t.Leaked {
			return ""
		}
		return "a planted credential is in the result, the fault or the log"
	}),
	{Rule: report.Rule{
		ID: "R036", Title: "The field that a fault names is one of the input", Severity: report.Warning,
		Rationale: "An editor shows the message at the field; what is not there is shown nowhere.",
		Fix:       "give a JSON pointer into the operation's input, or none",
		Origin:    "RFC 9457 pointer member",
	}, Check: fieldless},
}

// fieldless finds faults at places that the input has not: in the trials, and in the cases as they are.
func fieldless(ctx context.Context, s *rule.Subject, found rule.Found) error {
	all, err := trials(ctx, s, lab.Kinds...)
	if err != nil {
		return err
	}
	gather := gathered{}
	for i := range all {
		if t := &all[i]; t.Hits > 0 && misplaced(t.op, t.Fault) {
			gather.add(t.place(), fmt.Sprintf("%s; %s at %s, which the input has not", t.what(), t.end(), t.Fault.Field))
		}
	}
	for _, t := range s.Lab.Replays(ctx) {
		op, ok := s.Manifest.Operation(t.Case.Call.Kind, t.Case.Call.Operation)
		if ok && misplaced(op, t.Fault) {
			gather.add(string(op.Kind)+" "+op.Name, fmt.Sprintf("%s ends with a fault at %s, which the input has not", t.Case.Name, t.Fault.Field))
		}
	}
	gather.tell(found)
	return nil
}

func misplaced(op manifest.Operation, f *abi.Fault) bool {
	return f != nil && f.Field != "" && f.Code != abi.Internal && !misfit.MatchString(f.Message) && !declares(op.Input, f.Field)
}

// declares reports whether an input schema has the property that a pointer begins with.
func declares(schema json.RawMessage, pointer string) bool {
	var s struct {
		Properties           map[string]json.RawMessage `json:"properties"`
		AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	}
	if json.Unmarshal(schema, &s) != nil || !strings.HasPrefix(pointer, "/") {
		return false
	}
	name, _, _ := strings.Cut(pointer[1:], "/")
	_, ok := s.Properties[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	return ok || string(s.AdditionalProperties) != "false"
}

// crashes are about guests that do not live to tell.
var crashes = []rule.Rule{
	behaviour(report.Rule{
		ID: "R037", Title: "Nothing that a vendor answers makes the guest crash", Severity: report.Error,
		Rationale: "A crash tells nobody what was wrong, and may hide what had been done.",
		Fix:       "check what may be missing, null or of another type before it is used",
		Origin:    "Airbyte CAT, n8n nodes tested with malformed answers",
	}, always, says(trap)),
	behaviour(report.Rule{
		ID: "R038", Title: "No failure of a vendor makes a call go over its limits", Severity: report.Error,
		Rationale: "A call that uses all its requests, memory or time because of one answer does so for everybody at once.",
		Fix:       "end loops over pages when a page is empty or leads back, and bound what is kept",
		Origin:    "Airbyte pagination stop conditions",
	}, always.and(func(t *trial) bool { return t.Mishap.Kind != lab.Oversized && t.Mishap.Kind != lab.Redirected }), func(t *trial) string {
		if codeOf(t.Fault) != abi.LimitExceeded {
			return ""
		}
		return t.end()
	}),
	behaviour(report.Rule{
		ID: "R039", Title: "An answer beyond all bounds is a fault that says so", Severity: report.Error,
		Rationale: "Who gets too much has to ask for less, and cannot know that from another code.",
		Fix:       "return the error of the request and of reading its body as they are",
		Origin:    "OWASP API4:2023 unrestricted resource consumption",
	}, ofKind(lab.Oversized), func(t *trial) string { return miscoded(t, abi.LimitExceeded, abi.Unavailable, abi.Internal) }),
}
