package manifest

import (
	"encoding/json"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// types are the names that the keyword type takes.
var types = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// assertion checks a keyword that holds no sub-schema.
func (g *guard) assertion(n *schemaNode, at, k string, v any) {
	switch k {
	case "$schema":
		if s, _ := v.(string); n.at != "" || strings.TrimSuffix(s, "#") != draft {
			g.add(at, show(v)+" is not the draft that is used here", quote(draft)+", at the top", "remove it")
		}
	case "title", "description", "$comment", "contentEncoding", "contentMediaType", "patternErrorMessage":
		if _, ok := v.(string); !ok {
			g.add(at, show(v)+" is not text", "text", "")
		}
	case "deprecated", "readOnly", "writeOnly", "uniqueItems":
		if _, ok := v.(bool); !ok {
			g.add(at, show(v)+" is not true or false", "true or false", "")
		}
	case "minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties":
		if !natural(v) {
			g.add(at, show(v)+" is not a length", "a whole number from 0", "")
		}
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		if s, ok := v.(json.Number); !ok || k == "multipleOf" && (strings.HasPrefix(string(s), "-") || string(s) == "0") {
			g.add(at, show(v)+" is no "+k, "a number"+map[bool]string{true: " above zero"}[k == "multipleOf"], "")
		}
	case "default":
	case "examples":
		if _, ok := v.([]any); !ok {
			g.add(at, show(v)+" is not a list", "a list of examples", "")
		}
	case "const":
		n.weight += g.data(v)
	case "pattern":
		n.program += g.patternValue(at, v)
	case "type", "format", "enum", "required", "dependentRequired":
		g.words(n, at, k, v)
	default:
		g.unknown(at, k, v)
	}
}

// words checks the keywords that hold words of a list.
func (g *guard) words(n *schemaNode, at, k string, v any) {
	switch k {
	case "type":
		g.typeNames(at, v)
	case "format":
		if s, _ := v.(string); !slices.Contains(formats, s) {
			g.add(at, show(v)+" is not a format that is checked", list(formats), didYouMean(s, formats))
		}
	case "enum":
		items, ok := v.([]any)
		if !ok || len(items) == 0 {
			g.add(at, show(v)+" is not a list of values", "one value or more", "")
		}
		n.weight += g.data(v)
	case "required":
		names, err := strs(v)
		if err != nil {
			g.add(at, err.Error(), "a list of property names", "")
		}
		n.weight += len(names)
	case "dependentRequired":
		obj, ok := v.(map[string]any)
		if !ok {
			g.add(at, show(v)+" does not hold lists by name", "an object of lists of property names", "")
		}
		for _, name := range sortedKeys(obj) {
			names, err := strs(obj[name])
			if err != nil {
				g.add(at+"/"+EscapePointer(name), err.Error(), "a list of property names", "")
			}
			n.weight += len(names)
		}
	}
}

func (g *guard) typeNames(at string, v any) {
	names := []string{}
	if s, ok := v.(string); ok {
		names = append(names, s)
	} else if l, err := strs(v); err == nil && len(l) > 0 {
		names = l
	} else {
		g.add(at, show(v)+" is not a type", list(types), "")
	}
	for _, s := range names {
		if !slices.Contains(types, s) {
			g.add(at, quote(s)+" is not a type", list(types), didYouMean(s, types))
		}
	}
}

// unknown is called for every keyword that is not JSON Schema's.
func (g *guard) unknown(at, k string, v any) {
	if strings.HasPrefix(k, "x-") {
		if k == "x-options" || k == "x-schema" {
			g.links = append(g.links, link{at, k, v})
		}
		return
	}
	fix, ok := refusedKeywords[k]
	message := fmt.Sprintf("unknown keyword %s", quote(k))
	if ok {
		message = fmt.Sprintf("the keyword %s is not allowed", quote(k))
	} else if fix = didYouMean(k, keywords); fix == "" {
		fix = `remove it, or begin it with "x-" if it is a note of your own`
	}
	g.problems = append(g.problems, problem{Diagnostic: Diagnostic{Pointer: at, Message: message, Fix: fix}, onKey: true})
}

// Bounds of a regular expression: of its text, and of the program that it becomes. A text of 20 bytes can become
// a program of millions of instructions.
const (
	maxPattern        = 512
	maxPatternProgram = 2000
)

func (g *guard) patternValue(at string, v any) int {
	s, ok := v.(string)
	if !ok {
		g.add(at, show(v)+" is not a pattern", "a regular expression", "")
		return 0
	}
	return g.pattern(at, s)
}

func (g *guard) pattern(at, text string) int {
	size, problem := patternSize(text)
	if problem != "" {
		g.add(at, problem, "a regular expression in the syntax of RE2, which has no look-around and no back-references", "")
	}
	return size
}

// patternSize returns about how many instructions a regular expression becomes, or what is wrong with it.
func patternSize(text string) (size int, problem string) {
	if len(text) > maxPattern {
		return 0, fmt.Sprintf("a pattern of %d bytes, at most %d are allowed", len(text), maxPattern)
	}
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0, fmt.Sprintf("%s is not a pattern (%s)", quote(text), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if size = programSize(re); size > maxPatternProgram {
		return 0, fmt.Sprintf("the pattern %s repeats too much: it becomes %d instructions, at most %d are allowed", quote(text), size, maxPatternProgram)
	}
	return size, ""
}

func programSize(re *syntax.Regexp) int {
	size := 1
	for _, sub := range re.Sub {
		size += programSize(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		size += len(re.Rune)
	case syntax.OpRepeat:
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, 1<<30)
}
