package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"patchbay/internal/strictyaml"
)

// Diagnostic is one thing that is wrong with a manifest, for its author.
type Diagnostic struct {
	Line    int    `json:"line,omitempty"`    // from 1; 0 when the manifest is not text, as in a bundle
	Column  int    `json:"column,omitempty"`  // from 1, in characters
	Pointer string `json:"pointer,omitempty"` // JSON pointer (RFC 6901) to the place
	Message string `json:"message"`           // what is wrong
	Want    string `json:"want,omitempty"`    // what was expected
	Fix     string `json:"fix,omitempty"`     // what to do
}

// Format returns the diagnostic as one line that editors understand:
//
//	connector.yaml:12:3: /actions/0/nmae: unknown key "nmae": did you mean "name"?
//	connector.yaml:3:7: /name: "Tally Fy" does not have the right form, want lower case letters, digits and single hyphens
func (d Diagnostic) Format(file string) string {
	var b strings.Builder
	b.WriteString(file)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", d.Line, d.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if d.Pointer != "" {
		b.WriteString(d.Pointer + ": ")
	}
	return b.String() + d.text()
}

func (d Diagnostic) text() string {
	s := d.Message
	if d.Want != "" {
		s += ", want " + d.Want
	}
	if d.Fix != "" {
		s += ": " + d.Fix
	}
	return s
}

// Diagnostics is what is wrong with a manifest: an error of [Parse], [Decode] and [CompileSchema]. There is at
// least one diagnostic and at most 20, in the order of the text.
type Diagnostics []Diagnostic

// maxDiagnostics is how many are worth reading at once.
const maxDiagnostics = 20

// Error returns a line for each diagnostic, without a file name.
func (d Diagnostics) Error() string { return d.Format("") }

// Format returns a line for each diagnostic, see [Diagnostic.Format].
func (d Diagnostics) Format(file string) string {
	lines := make([]string, len(d))
	for i := range d {
		lines[i] = d[i].Format(file)
	}
	return strings.Join(lines, "\n")
}

// diagnostics gives problems their places in the document, which is nil when there is none.
func diagnostics(problems []problem, doc *strictyaml.Document) Diagnostics {
	list := make(Diagnostics, len(problems))
	for i, p := range problems {
		list[i] = p.Diagnostic
		if doc != nil {
			at := doc.Position(p.Pointer)
			if p.onKey {
				at = doc.Key(p.Pointer)
			}
			list[i].Line, list[i].Column = at.Line, at.Column
		}
		list[i].Pointer = cutPointer(p.Pointer)
	}
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Pointer, b.Pointer))
	})
	return list[:min(len(list), maxDiagnostics)]
}

// cutPointer keeps the end of a pointer that nobody would read in full.
func cutPointer(pointer string) string {
	const most = 300
	if len(pointer) <= most {
		return pointer
	}
	return "…" + strings.ToValidUTF8(pointer[len(pointer)-most:], "")
}

// syntaxDiagnostics are the reasons why a document could not be read at all.
func syntaxDiagnostics(errs strictyaml.Errors) Diagnostics {
	list := make(Diagnostics, 0, len(errs))
	for _, e := range errs {
		list = append(list, Diagnostic{Line: e.Line, Column: e.Column, Message: e.Message, Fix: e.Fix})
	}
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return list[:min(len(list), maxDiagnostics)]
}
