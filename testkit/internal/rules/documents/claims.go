package documents

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// claims are the rules about a README that says something else than the manifest.
var claims = []rule.Rule{
	page(report.Rule{
		ID: "D020", Title: "The README names nothing that is not there", Severity: report.Warning,
		Rationale: "Who installs a connector for an action that it does not have has lost an hour, and the trust in the rest.",
		Fix:       "take the line out, or write the name as the manifest has it",
		Origin:    "Airbyte QA documentation matches the connector",
	}, func(s *rule.Subject, p document, found rule.Found) {
		known := names(s)
		for _, b := range p.blocks() {
			for _, e := range b.strangers(s, known) {
				found(e.place(), "%s is no action, trigger, function, auth method or field of the manifest", e.name)
			}
		}
	}),
	page(report.Rule{
		ID: "D021", Title: "The README gives the faults that the error rules give", Severity: report.Warning,
		Rationale: "Recipes branch on the code of a fault: their authors take it from the README.",
		Fix:       "write the code that the manifest's error rule has for the status",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, b := range p.blocks() {
			for _, e := range b.entries {
				if what := wrongFault(s.Manifest, e); what != "" {
					found(e.place(), "%s", what)
				}
			}
		}
	}),
	figures,
	page(report.Rule{
		ID: "D023", Title: "The README says of a field what the manifest says", Severity: report.Warning,
		Rationale: "Who connects leaves out what is said to be optional, and relies on a default.",
		Fix:       "write in the table what required and default are in the manifest",
		Origin:    "Airbyte QA prerequisites name every required config field",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, b := range p.blocks() {
			for _, e := range b.entries {
				i := slices.IndexFunc(s.Manifest.Connection.Fields, func(f manifest.Field) bool { return f.Name == e.name })
				if i < 0 {
					continue
				}
				if what := wrongField(s.Manifest.Connection.Fields[i], e); what != "" {
					found(e.place(), "%s: %s", e.name, what)
				}
			}
		}
	}),
	page(report.Rule{
		ID: "D024", Title: "The README names every field of a connection", Severity: report.Note,
		Rationale: "An optional field is there for somebody: who needs it finds it there.",
		Fix:       "say what it is for, and when to leave it empty",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, f := range s.Manifest.Connection.Fields {
			if unnamed := !p.mentions(f.Name) && !p.mentions(f.Title); unnamed && !f.Required || leftOut(s, p, f.Name) {
				found("README.md", "connection field %s (%s) is not mentioned", f.Name, f.Title)
			}
		}
	}),
}

// leftOut reports whether a table or list has another of the connection's fields, and this one is named nowhere.
func leftOut(s *rule.Subject, p document, name string) bool {
	others := slices.ContainsFunc(p.blocks(), func(b *block) bool {
		return slices.ContainsFunc(b.entries, func(e entry) bool {
			return e.name != name && slices.ContainsFunc(s.Manifest.Connection.Fields, func(f manifest.Field) bool { return f.Name == e.name })
		})
	})
	return others && !slices.Contains(inCode(p.text), name)
}

// names are all names of the manifest that a README may list.
func names(s *rule.Subject) map[string]bool {
	all := map[string]bool{}
	for _, op := range s.Operations() {
		all[op.Name] = true
		for _, schema := range [][]byte{op.Input, op.Output} {
			rule.EachProperty(schema, "", func(_, name string, _ map[string]any) { all[name] = true })
		}
	}
	for _, f := range s.Manifest.Connection.Fields {
		all[f.Name] = true
	}
	for _, a := range s.Manifest.Auth {
		all[a.ID] = true
		for _, f := range a.AllFields() {
			all[f.Name] = true
		}
	}
	return all
}

var (
	plainName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	listing   = regexp.MustCompile(`^(actions?|triggers?|operations?|pick lists?|auth methods?|methods?)$`)
)

// strangers are the entries of a list of operations, methods or fields that the manifest does not have. It is one of
// those if its head says so, or if half of its names are theirs.
func (b *block) strangers(s *rule.Subject, known map[string]bool) (all []entry) {
	theirs, named := 0, 0
	for _, e := range b.entries {
		if e.name == "" {
			continue
		}
		named++
		if listed(s, e.name) {
			theirs++
		}
		if plainName.MatchString(e.name) && !known[e.name] {
			all = append(all, e)
		}
	}
	if headed := len(b.head) > 0 && listing.MatchString(b.head[0]); !headed && (theirs < 2 || 2*theirs < named) {
		return nil
	}
	return all
}

// listed reports whether a name is of an operation or an auth method.
func listed(s *rule.Subject, name string) bool {
	_, isMethod := s.Manifest.AuthMethod(name)
	return isMethod || slices.ContainsFunc(s.Operations(), func(op rule.Operation) bool { return op.Name == name })
}

var (
	status = regexp.MustCompile(`\b[45]\d\d\b`)
	// failing is how a README writes of all failures of the vendor's.
	failing = regexp.MustCompile(`(?i)\b5xx\b`)
)

// wrongFault says how a row about a status of the vendor's differs from the error rule for it.
func wrongFault(m *manifest.Manifest, e entry) string {
	of := status.FindAllString(e.cells[0], -1)
	fault := e.column("fault", "error", "code")
	said := inCode(fault)
	if len(of) == 0 && failing.MatchString(e.cells[0]) {
		of = []string{"5xx"}
	}
	if len(of) != 1 || len(e.cells) < 2 || fault == e.cells[0] || len(said) != 1 {
		return ""
	}
	if !slices.Contains(abi.Codes, abi.Code(said[0])) {
		if plainName.MatchString(said[0]) && slices.Contains(e.of.head, "fault") {
			return fmt.Sprintf("%s is no code of a fault", said[0])
		}
		return ""
	}
	if of[0] == "5xx" && !abi.Code(said[0]).Temporary() && !slices.Contains([]abi.Code{abi.Internal, abi.InDoubt}, abi.Code(said[0])) {
		return "5xx is said to be " + said[0] + "; what the vendor cannot do is unavailable"
	}
	for _, r := range m.Errors {
		if strconv.Itoa(r.Status) == of[0] && r.Pointer == "" && r.Header == "" && r.Code != said[0] {
			return fmt.Sprintf("%s is said to be %s; the error rule makes it %s", of[0], said[0], r.Code)
		}
	}
	return ""
}

var (
	answer   = regexp.MustCompile(`(?i)^(yes|no|required|optional)\b`)
	standard = regexp.MustCompile("`([^`]+)` ?\\((?:the )?default\\)|(?i:default(?:s to|:| is)?) `([^`]+)`")
)

// wrongField says how a row about a field differs from the field.
func wrongField(f manifest.Field, e entry) string {
	said := strings.ToLower(answer.FindString(e.column("required", "needed", "mandatory")))
	if yes := said == "yes" || said == "required"; said != "" && yes != f.Required {
		return fmt.Sprintf("it is said to be required: %t; in the manifest required is %t", yes, f.Required)
	}
	m := standard.FindStringSubmatch(strings.Join(e.cells, " | "))
	if m != nil && f.Default != nil && m[1]+m[2] != fmt.Sprint(f.Default) {
		return fmt.Sprintf("%s is said to be the default, which is %v", m[1]+m[2], f.Default)
	}
	return ""
}
