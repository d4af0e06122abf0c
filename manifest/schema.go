package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"patchbay/abi"
)

// Schema is a JSON Schema 2020-12 that is safe to use on values from strangers, by any number of goroutines.
type Schema struct {
	compiled *jsonschema.Schema
	doc      any
	width    int // most sub-schemas that check one place of a value
	program  int // most regular expression instructions that check one place
	links    []link
}

// CompileSchema reads a JSON Schema from a stranger. The package comment lists what it may hold; the error is of
// type [Diagnostics], with JSON pointers into the schema and no lines.
func CompileSchema(raw json.RawMessage) (*Schema, error) {
	if len(raw) > maxSchemaSize {
		return nil, Diagnostics{{Message: fmt.Sprintf("a schema of %d bytes", len(raw)), Want: fmt.Sprintf("at most %d", maxSchemaSize)}}
	}
	if err := abi.CheckJSON(raw); err != nil {
		return nil, Diagnostics{{Message: err.Error()}}
	}
	doc, err := decodeAny(raw)
	if err != nil {
		return nil, Diagnostics{{Message: err.Error()}}
	}
	if problems := checkNumbers(doc); len(problems) > 0 {
		return nil, diagnostics(problems, nil)
	}
	s, problems := compile(respell(doc))
	if len(problems) > 0 {
		return nil, diagnostics(problems, nil)
	}
	return s, nil
}

func decodeAny(data []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// compile checks a schema's bounds and keywords and compiles it.
func compile(doc any) (*Schema, []problem) {
	g := guard{nodes: map[string]*schemaNode{}}
	if d := depth(doc); d > maxSchemaDepth {
		g.add("", fmt.Sprintf("a schema of %d levels", d), fmt.Sprintf("at most %d levels of arrays and objects", maxSchemaDepth), "move parts into $defs")
		return nil, g.problems
	}
	g.schema("", doc)
	if message := g.oversize(); message != "" {
		g.problems = nil
		g.add("", message, "", "make it smaller, or shorten the names")
		return nil, g.problems
	}
	g.resolve()
	if len(g.problems) > 0 {
		return nil, g.problems
	}
	if n := g.cycle(); n != nil {
		g.add(n.at, "the schema refers to itself without end", "recursion through properties or items only", "")
		return nil, g.problems
	}
	s := &Schema{doc: doc, links: g.links}
	s.width = g.width(func(n *schemaNode) int { return n.weight }, maxWidth)
	s.program = g.width(func(n *schemaNode) int { return n.program }, 1<<20)
	if s.width > maxWidth {
		g.add("", "nested alternatives multiply", fmt.Sprintf("at most %d sub-schemas and enum values that apply to one place of a value", maxWidth), "")
		return nil, g.problems
	}
	var err error
	if s.compiled, err = compileDoc(doc); err != nil {
		g.add("", err.Error(), "a JSON Schema 2020-12", "")
	}
	return s, g.problems
}

// schemaURL names every schema for jsonschema; nothing is ever loaded from it.
const schemaURL = "urn:patchbay:schema"

// compileDoc hands a schema to jsonschema. That opens file:// URLs by default, so its loader is replaced by one
// that refuses everything, and panics on some numbers, so a panic is an error.
func compileDoc(doc any) (s *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("cannot be compiled")
		}
	}()
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(string) (io.ReadCloser, error) { return nil, errors.New("nothing is loaded from outside") }
	if err := c.AddResource(schemaURL, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	s, err = c.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("not a valid schema: %s", cut(strings.ReplaceAll(err.Error(), schemaURL, "")))
	}
	return s, nil
}

// Bounds of the work of one validation: about a second each.
const (
	maxChecks  = 300_000     // sub-schemas times values
	maxMatches = 200_000_000 // regular expression instructions times bytes of text
)

// Validate reports whether value is valid under the schema. The error is an [*abi.Fault] with the code
// invalid_input, whose field points at the first thing that is wrong and whose message says what was expected and
// what is there. Formats are checked. A value that would take too long to check is refused too.
func (s *Schema) Validate(value json.RawMessage) error {
	if err := abi.CheckJSON(value); err != nil {
		return abi.Faultf(abi.InvalidInput, "%v", err)
	}
	v, err := decodeAny(value)
	if err != nil {
		return abi.Faultf(abi.InvalidInput, "%v", err)
	}
	problems := s.check(v)
	if len(problems) == 0 {
		return nil
	}
	f := abi.Faultf(abi.InvalidInput, "%s", problems[0].text())
	f.Field = problems[0].Pointer
	if n := len(problems) - 1; n > 0 {
		f.Message += fmt.Sprintf(" (and %d more)", n)
	}
	return f
}

// check returns what is wrong with v, in the order of its pointers.
func (s *Schema) check(v any) (problems []problem) {
	if p := s.affordable(v); p != nil {
		return []problem{*p}
	}
	defer func() {
		if r := recover(); r != nil {
			problems = []problem{{Diagnostic: Diagnostic{Message: "this value cannot be checked"}}}
		}
	}()
	err := s.compiled.Validate(v)
	if err == nil {
		return nil
	}
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return []problem{{Diagnostic: Diagnostic{Message: "this value cannot be checked"}}}
	}
	e := explainer{schema: s.doc, value: v}
	e.walk(ve)
	return e.sorted()
}
