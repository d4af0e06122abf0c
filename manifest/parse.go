package manifest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gowebpki/jcs"

	"patchbay/abi"
	"patchbay/internal/strictyaml"
)

// MaxSize is the largest manifest in bytes, as YAML and as JSON.
const MaxSize = 1 << 20

//go:embed schema.json
var schemaJSON []byte

// JSONSchema returns the JSON Schema 2020-12 of connector.yaml, for editors. [Parse] checks more than it says.
func JSONSchema() []byte { return slices.Clone(schemaJSON) }

// structure is the compiled form of schema.json, which is a schema like any other but for its name.
var structure = sync.OnceValues(func() (*Schema, error) {
	doc, err := decodeAny(schemaJSON)
	if err != nil {
		return nil, err
	}
	delete(doc.(map[string]any), "$id")
	s, problems := compile(doc)
	if len(problems) > 0 {
		return nil, diagnostics(problems, nil)
	}
	return s, nil
})

// Parse reads connector.yaml. The error is of type [Diagnostics] and says everything that is wrong at once.
func Parse(data []byte) (*Manifest, error) {
	doc, err := strictyaml.Parse(data)
	var errs strictyaml.Errors
	if errors.As(err, &errs) {
		return nil, syntaxDiagnostics(errs)
	}
	if err != nil {
		return nil, Diagnostics{{Message: err.Error()}}
	}
	m, problems := build(doc.Value)
	if len(problems) > 0 {
		return nil, diagnostics(problems, doc)
	}
	return m, nil
}

// Decode reads a manifest in its JSON form, as [Manifest.Canonical] wrote it, from whoever. It checks as much as
// Parse does; the error is of type [Diagnostics], without lines.
func Decode(canonical []byte) (*Manifest, error) {
	if len(canonical) > MaxSize {
		return nil, Diagnostics{{Message: fmt.Sprintf("a manifest of %d bytes", len(canonical)), Want: fmt.Sprintf("at most %d", MaxSize)}}
	}
	if err := abi.CheckJSON(canonical); err != nil {
		return nil, Diagnostics{{Message: err.Error()}}
	}
	v, err := decodeAny(canonical)
	if err != nil {
		return nil, Diagnostics{{Message: err.Error()}}
	}
	m, problems := build(v)
	if len(problems) > 0 {
		return nil, diagnostics(problems, nil)
	}
	return m, nil
}

// Canonical returns the manifest as JSON in the one form of RFC 8785, so that equal manifests have equal bytes.
func (m *Manifest) Canonical() ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %v", err)
	}
	if data, err = jcs.Transform(data); err != nil {
		return nil, fmt.Errorf("encode manifest: %v", err)
	}
	return data, nil
}

// build makes a manifest of data: first its shape by schema.json, then its meaning. What has the wrong shape is
// left out before the meaning is checked, so that one mistake is one problem.
func build(v any) (*Manifest, []problem) {
	s, err := structure()
	if err != nil {
		return nil, []problem{{Diagnostic: Diagnostic{Message: err.Error()}}}
	}
	problems := append(checkNumbers(v), checkText(v)...)
	v = blankAll(v, problems)
	for _, p := range s.check(v) {
		if !covered(problems, p.Pointer) {
			problems = append(problems, p)
		}
	}
	v = respell(blankAll(v, problems))
	m, err := decodeManifest(v)
	if err != nil {
		return nil, append(problems, problem{Diagnostic: Diagnostic{Message: err.Error()}})
	}
	c := checker{m: m, tree: v, problems: problems}
	if len(problems) < maxProblems {
		c.all()
	}
	return m, c.problems
}

// blankAll leaves out the values that have problems.
func blankAll(v any, problems []problem) any {
	for _, p := range problems {
		if !p.onKey && !p.missing {
			v = blank(v, p.Pointer)
		}
	}
	return v
}

// blank puts null in the place of the value at pointer.
func blank(v any, pointer string) any {
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 {
		return nil
	}
	switch c := lookup(v, pointer[:i]).(type) {
	case map[string]any:
		c[unEscapePointer(pointer[i+1:])] = nil
	case []any:
		if j, err := strconv.Atoi(pointer[i+1:]); err == nil && j < len(c) {
			c[j] = nil
		}
	}
	return v
}

func decodeManifest(v any) (*Manifest, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var m Manifest
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	return &m, nil
}

// checkText finds the characters that make text look like other text, wherever it is shown.
func checkText(v any) []problem {
	var problems []problem
	check := func(t trail, s string, key bool) {
		i := strings.IndexFunc(s, func(r rune) bool {
			return strictyaml.Invisible(r) || r < 0x20 && r != '\n' && r != '\t' || r >= 0x7F && r < 0xA0
		})
		if i >= 0 && len(problems) < maxProblems {
			message := fmt.Sprintf("the text holds the invisible character %U", []rune(s[i:])[0])
			problems = append(problems, problem{Diagnostic: Diagnostic{Pointer: t.pointer(), Message: message, Fix: "remove it"}, onKey: key})
		}
	}
	each(trail{}, v, func(t trail, v any) {
		switch v := v.(type) {
		case string:
			check(t, v, false)
		case map[string]any:
			for _, k := range sortedKeys(v) {
				check(t.to(k), k, true)
			}
		}
	})
	return problems
}
