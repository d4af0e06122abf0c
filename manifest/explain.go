package manifest

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// problem is a diagnostic without its place in the text.
type problem struct {
	Diagnostic
	onKey   bool   // its place is the key, not the value
	missing bool   // it is about a key that is not there
	meant   string // the missing key that an unknown one most likely is
}

// explainer turns jsonschema's nested errors into problems, with the words of the schema and the value that the
// errors point at.
type explainer struct {
	schema, value any
	problems      []problem
}

func (e *explainer) sorted() []problem {
	meant := map[string]bool{}
	for _, p := range e.problems {
		meant[p.meant] = true
	}
	// A misspelt key is one mistake, not an unknown key and a missing one.
	e.problems = slices.DeleteFunc(e.problems, func(p problem) bool { return p.missing && meant[p.Pointer] })
	slices.SortStableFunc(e.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(e.problems, func(a, b problem) bool { return a.Diagnostic == b.Diagnostic })
}

// maxProblems is how many are explained; a large list of wrong items has one for each.
const maxProblems = 1000

// walk finds the errors that say something: the leaves, and alternatives as a whole.
func (e *explainer) walk(ve *jsonschema.ValidationError) {
	if len(e.problems) >= maxProblems {
		return
	}
	keyword := ve.AbsoluteKeywordLocation[strings.LastIndexByte(ve.AbsoluteKeywordLocation, '/')+1:]
	switch {
	case strings.HasPrefix(ve.Message, "anyOf failed"), strings.HasPrefix(ve.Message, "oneOf failed"):
		e.alternatives(ve)
	case keyword == "minContains", len(ve.Causes) == 0:
		e.leaf(ve, keyword)
	default:
		for _, c := range ve.Causes {
			e.walk(c)
		}
	}
}

// alternatives explains the alternative that comes nearest to the value: the one whose first problem lies deepest.
func (e *explainer) alternatives(ve *jsonschema.ValidationError) {
	at := pointerOf(ve.InstanceLocation)
	var nearest []problem
	var wants []string
	for _, c := range ve.Causes {
		sub := explainer{schema: e.schema, value: e.value}
		sub.walk(c)
		list := sub.sorted()
		if len(list) == 0 {
			continue
		}
		deep := len(list[0].Pointer) > len(at)
		if !deep && list[0].Want != "" && !slices.Contains(wants, list[0].Want) {
			wants = append(wants, list[0].Want)
		}
		if deep && (nearest == nil || len(list) < len(nearest)) {
			nearest = list
		}
	}
	if nearest != nil {
		e.problems = append(e.problems, nearest...)
		return
	}
	slices.Sort(wants)
	e.add(at, show(lookup(e.value, at))+" fits none of the alternatives", strings.Join(wants, ", or "), "")
}

func (e *explainer) add(at, message, want, fix string) {
	e.problems = append(e.problems, problem{Diagnostic: Diagnostic{Pointer: at, Message: message, Want: want, Fix: fix}})
}

// leaf explains one error.
func (e *explainer) leaf(ve *jsonschema.ValidationError, keyword string) {
	at := pointerOf(ve.InstanceLocation)
	v := lookup(e.value, at)
	_, where, _ := strings.Cut(ve.AbsoluteKeywordLocation, "#")
	schema, _ := lookup(e.schema, pointerOf(where[:max(strings.LastIndexByte(where, '/'), 0)])).(map[string]any)
	if strings.Contains(ve.KeywordLocation, "/propertyNames") {
		v = at[strings.LastIndexByte(at, '/')+1:]
	}
	switch keyword {
	case "required":
		for _, name := range missing(schema, v) {
			e.missing(at, name, schema)
		}
	case "additionalProperties":
		for _, name := range extra(schema, v) {
			e.unknown(at, name, sortedKeys(schema["properties"]))
		}
	case "type":
		want := typeWords(schema["type"])
		fix := quoteFix(v, want)
		if s, ok := schema["patternErrorMessage"].(string); ok {
			want, fix = strings.TrimPrefix(s, "Want "), ""
		}
		e.add(at, show(v)+" is "+typeOf(v), want, fix)
	case "enum":
		words := enumWords(schema["enum"])
		e.add(at, show(v)+" is not one of the values", list(words), didYouMean(fmt.Sprint(v), unquoted(schema["enum"])))
	case "const":
		e.add(at, show(v)+" is another value", show(schema["const"]), "")
	case "pattern":
		e.add(at, show(v)+" does not have the right form", patternWant(schema), "")
	default:
		e.bound(at, keyword, schema, v, ve)
	}
}

func (e *explainer) missing(at, name string, schema map[string]any) {
	props, _ := schema["properties"].(map[string]any)
	prop, _ := props[name].(map[string]any)
	want, _ := prop["description"].(string)
	p := problem{Diagnostic: Diagnostic{Pointer: at + "/" + EscapePointer(name), Message: "missing " + strconv.Quote(cut(name))}, missing: true}
	if want != "" {
		p.Fix = "add it: " + strings.TrimSuffix(lowerFirst(firstSentence(want)), ".")
	}
	e.problems = append(e.problems, p)
}

func (e *explainer) unknown(at, name string, known []string) {
	p := problem{Diagnostic: Diagnostic{Pointer: at + "/" + EscapePointer(name), Message: "unknown key " + quote(name)}, onKey: true}
	if s := suggest(name, known); s != "" {
		p.meant = at + "/" + EscapePointer(s)
	}
	if p.Fix = didYouMean(name, known); p.Fix == "" {
		p.Fix = "remove it; the keys here are " + list(known)
	}
	e.problems = append(e.problems, p)
}

// bound explains the keywords that set a bound.
func (e *explainer) bound(at, keyword string, schema map[string]any, v any, ve *jsonschema.ValidationError) {
	n := fmt.Sprint(schema[keyword])
	count := func(what string, have int) {
		if have != 1 {
			what += "s"
		}
		e.add(at, fmt.Sprintf("it has %d %s", have, what), "", "")
	}
	want := map[string]string{
		"minLength": "at least " + n, "maxLength": "at most " + n, "minItems": "at least " + n, "maxItems": "at most " + n,
		"minProperties": "at least " + n, "maxProperties": "at most " + n, "minimum": n + " or more", "maximum": n + " or less",
		"exclusiveMinimum": "more than " + n, "exclusiveMaximum": "less than " + n, "multipleOf": "a multiple of " + n,
		"oneOf": "exactly one", "minContains": "more items of the kind that must be there", "maxContains": "fewer items of the kind that is limited",
	}
	switch keyword {
	case "minLength", "maxLength":
		count("character", len([]rune(fmt.Sprint(v))))
	case "minItems", "maxItems":
		items, _ := v.([]any)
		count("item", len(items))
	case "minProperties", "maxProperties":
		count("key", len(sortedKeys(v)))
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		e.add(at, show(v)+" is out of bounds", "", "")
	case "uniqueItems":
		e.add(at, "an item is in it twice", "", "remove one")
	case "format":
		e.add(at, show(v)+" is not "+formatWords(schema["format"]), "", "")
	case "not":
		e.add(at, show(v)+" is what the schema excludes", "", "")
	case "oneOf":
		e.add(at, show(v)+" fits more than one of the alternatives", "", "")
	case "minContains", "maxContains":
		e.add(at, "the items do not fit", "", "")
	default:
		if i := strings.LastIndex(ve.KeywordLocation, "/dependentRequired/"); i >= 0 {
			e.add(at, strings.ReplaceAll(ve.Message, "'", `"`), "", "")
			return
		}
		e.add(at, show(v)+" is not allowed here", "", "remove it")
	}
	e.problems[len(e.problems)-1].Want = want[keyword]
}

// pointerOf undoes the URL escapes that jsonschema adds to pointers.
func pointerOf(location string) string {
	if p, err := url.PathUnescape(location); err == nil {
		return p
	}
	return location
}

// lookup returns the value at a JSON pointer, or nil.
func lookup(v any, pointer string) any {
	if pointer == "" {
		return v
	}
	for _, token := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		switch c := v.(type) {
		case map[string]any:
			v = c[unEscapePointer(token)]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

var pointerUnescapes = strings.NewReplacer("~1", "/", "~0", "~")

func unEscapePointer(token string) string { return pointerUnescapes.Replace(token) }

func missing(schema map[string]any, v any) (names []string) {
	obj, _ := v.(map[string]any)
	required, _ := schema["required"].([]any)
	for _, r := range required {
		name := fmt.Sprint(r)
		if _, ok := obj[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

func extra(schema map[string]any, v any) (names []string) {
	props, _ := schema["properties"].(map[string]any)
	for _, k := range sortedKeys(v) {
		if _, ok := props[k]; !ok && !slices.ContainsFunc(sortedKeys(schema["patternProperties"]), func(p string) bool {
			re, err := regexp.Compile(p)
			return err == nil && re.MatchString(k)
		}) {
			names = append(names, k)
		}
	}
	return names
}
