package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a JSON Schema from a stranger.
const (
	maxSchemaSize  = 64 << 10 // bytes
	maxSchemaNodes = 2000     // sub-schemas
	maxSchemaDepth = 32       // levels of arrays and objects
	maxSchemaPaths = 1 << 20  // bytes of the pointers of all sub-schemas, each of which jsonschema compares with each
)

// keywords lists the keywords of JSON Schema 2020-12 that a schema may use, besides those that begin with "x-".
// patternErrorMessage is the editors': what a pattern wants, in words. https://json-schema.org/draft/2020-12/json-schema-validation
var keywords = strings.Fields(`$schema $ref $defs $comment title description default deprecated readOnly writeOnly examples
	type enum const format pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
	properties patternProperties additionalProperties propertyNames required minProperties maxProperties
	dependentRequired dependentSchemas unevaluatedProperties
	items prefixItems contains minContains maxContains minItems maxItems uniqueItems unevaluatedItems
	allOf anyOf oneOf not if then else contentEncoding contentMediaType
	patternErrorMessage`)

// refusedKeywords are JSON Schema's too, of this draft or an older one, and refused for a reason.
var refusedKeywords = map[string]string{
	"$id":              "remove it: a schema here has no name, and $ref stays inside it",
	"$anchor":          `use "#/$defs/NAME"`,
	"$dynamicRef":      `use $ref with "#/$defs/NAME"`,
	"$dynamicAnchor":   `use $ref with "#/$defs/NAME"`,
	"$recursiveRef":    `use $ref with "#/$defs/NAME"`,
	"$recursiveAnchor": `use $ref with "#/$defs/NAME"`,
	"$vocabulary":      "remove it",
	"contentSchema":    "remove it: encoded content is not checked",
	"definitions":      "draft 2020-12 calls it $defs",
	"dependencies":     "draft 2020-12 calls it dependentRequired or dependentSchemas",
	"additionalItems":  "draft 2020-12 calls it items, beside prefixItems",
	"nullable":         `that is OpenAPI: use type: [string, "null"]`,
	"example":          "that is OpenAPI: use examples, a list",
	"discriminator":    "that is OpenAPI: use oneOf with const",
}

// formats are the ones that are checked.
var formats = []string{"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uri-reference", "uuid"}

// guard walks a schema before jsonschema sees it: it notes what is wrong, and how the sub-schemas hang together.
type guard struct {
	problems []problem
	nodes    map[string]*schemaNode // by JSON pointer
	order    []*schemaNode
	paths    int // bytes of their pointers
	refs     []ref
	links    []link
}

// schemaNode is one sub-schema. What applies to the same value is in place; the rest applies to a part of it.
type schemaNode struct {
	at         string
	weight     int           // how much work one check is, about
	program    int           // size of its regular expressions
	inplace    []*schemaNode // all of them apply to the value
	fields     []*schemaNode // one of them applies to each property
	everyField []*schemaNode // all of them do
	items      []*schemaNode // one of them applies to each item
	everyItem  []*schemaNode // all of them do
	index      int
	visiting   bool
	done       bool
}

// ref is a $ref that waits until all sub-schemas are known.
type ref struct {
	from   *schemaNode
	at     string
	target string
}

// link is an x-options or x-schema annotation.
type link struct {
	at, keyword string
	value       any
}

func (g *guard) add(at, message, want, fix string) {
	g.problems = append(g.problems, problem{Diagnostic: Diagnostic{Pointer: at, Message: message, Want: want, Fix: fix}})
}

// schema walks the sub-schema v at the pointer at. The result is nil where there is none.
func (g *guard) schema(at string, v any) *schemaNode {
	obj, ok := v.(map[string]any)
	if _, isBool := v.(bool); !ok && !isBool {
		g.add(at, show(v)+" is not a schema", "an object, true or false", "")
		return nil
	}
	n := &schemaNode{at: at, weight: 1, index: len(g.order)}
	g.nodes[at] = n
	g.order = append(g.order, n)
	if g.paths += len(at); g.oversize() != "" {
		return n
	}
	for _, k := range sortedKeys(obj) {
		g.keyword(n, at+"/"+EscapePointer(k), k, obj[k])
	}
	return n
}

// oversize says in what way the schema is too large, or nothing.
func (g *guard) oversize() string {
	switch {
	case len(g.order) > maxSchemaNodes:
		return fmt.Sprintf("a schema of more than %d sub-schemas", maxSchemaNodes)
	case g.paths > maxSchemaPaths:
		return "a schema of long names within long names"
	}
	return ""
}

func (g *guard) keyword(n *schemaNode, at, k string, v any) {
	switch k {
	case "not", "if", "then", "else":
		n.inplace = g.append(n.inplace, at, v)
	case "additionalProperties", "unevaluatedProperties":
		n.fields = g.append(n.fields, at, v)
	case "propertyNames":
		n.everyField = g.append(n.everyField, at, v)
	case "items", "unevaluatedItems":
		n.items = g.append(n.items, at, v)
	case "contains":
		n.everyItem = g.append(n.everyItem, at, v)
	case "allOf", "anyOf", "oneOf":
		n.inplace = append(n.inplace, g.schemas(at, v)...)
	case "prefixItems":
		n.items = append(n.items, g.schemas(at, v)...)
	case "properties":
		n.fields = append(n.fields, g.named(at, v)...)
	case "dependentSchemas":
		n.inplace = append(n.inplace, g.named(at, v)...)
	case "patternProperties":
		n.everyField = append(n.everyField, g.named(at, v)...)
		for _, p := range sortedKeys(v) {
			n.program += g.pattern(at+"/"+EscapePointer(p), p)
		}
	case "$defs":
		g.named(at, v)
	case "$ref":
		if target, ok := v.(string); ok {
			g.refs = append(g.refs, ref{n, at, target})
		} else {
			g.add(at, show(v)+" is not a reference", `text such as "#/$defs/address"`, "")
		}
	default:
		g.assertion(n, at, k, v)
	}
}

func (g *guard) append(list []*schemaNode, at string, v any) []*schemaNode {
	if n := g.schema(at, v); n != nil {
		list = append(list, n)
	}
	return list
}

func (g *guard) schemas(at string, v any) (nodes []*schemaNode) {
	items, ok := v.([]any)
	if !ok || len(items) == 0 {
		g.add(at, show(v)+" is not a list of schemas", "one schema or more", "")
	}
	for i, item := range items {
		if g.oversize() != "" {
			break
		}
		nodes = g.append(nodes, at+"/"+strconv.Itoa(i), item)
	}
	return nodes
}

func (g *guard) named(at string, v any) (nodes []*schemaNode) {
	obj, ok := v.(map[string]any)
	if !ok {
		g.add(at, show(v)+" does not hold schemas by name", "an object of schemas", "")
	}
	for _, k := range sortedKeys(obj) {
		if g.oversize() != "" {
			break
		}
		nodes = g.append(nodes, at+"/"+EscapePointer(k), obj[k])
	}
	return nodes
}

// resolve connects every $ref with its target.
func (g *guard) resolve() {
	for _, r := range g.refs {
		target, inside := strings.CutPrefix(r.target, "#")
		if !inside {
			g.add(r.at, quote(r.target)+" leads out of the schema", `a reference within it, such as "#/$defs/address"`, "copy the definition into $defs")
			continue
		}
		n := g.nodes[target]
		if n == nil {
			g.add(r.at, quote(r.target)+" leads nowhere", "a sub-schema of this schema", didYouMean(r.target, g.definitions()))
			continue
		}
		r.from.inplace = append(r.from.inplace, n)
	}
}

func (g *guard) definitions() (refs []string) {
	for _, n := range g.order {
		if strings.HasPrefix(n.at, "/$defs/") && strings.Count(n.at, "/") == 2 {
			refs = append(refs, "#"+n.at)
		}
	}
	return refs
}

// data checks the size of a value that a schema holds as it is, such as an enum, and returns how many values it is.
func (g *guard) data(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += g.data(item)
		}
	case map[string]any:
		for _, item := range v {
			n += g.data(item)
		}
	}
	return n
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	case map[string]any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	default:
		return 0
	}
	return deepest + 1
}

func sortedKeys(v any) []string {
	obj, _ := v.(map[string]any)
	keys := make([]string, 0, len(obj))
	for k := range obj {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// EscapePointer writes a key as a token of a JSON pointer (RFC 6901).
func EscapePointer(key string) string { return pointerEscapes.Replace(key) }

// natural reports whether v is a whole number that is not negative and fits an int32.
func natural(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	i, err := strconv.ParseInt(string(n), 10, 32)
	return err == nil && i >= 0
}

// strs returns v as a list of different strings.
func strs(v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is not a list", show(v))
	}
	var out []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s in it is not text", show(item))
		}
		if slices.Contains(out, s) {
			return nil, fmt.Errorf("%s is in it twice", quote(s))
		}
		out = append(out, s)
	}
	return out, nil
}
