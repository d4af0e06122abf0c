package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Bounds of the shapes of one schema: each is a set of sub-schemas that apply together, of which there may be many more than
// sub-schemas.
const (
	maxShapes    = 4000
	maxShapeWork = 16 << 20 // bytes of the pointers of all sets
)

// conjunct is one of the sub-schemas that a shape adds up.
type conjunct struct {
	at   string
	bare bool // without its groups
}

// shaper makes the shapes of one document. A shape is known by the set of sub-schemas that apply together, which ends
// recursion.
type shaper struct {
	doc   any
	known map[string]*Shape
	nodes map[string]map[string]any // by pointer
	whole string                    // digest of the document, without annotations
	work  int                       // bytes of all keys

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

func newShaper(doc any) (*shaper, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	b := &shaper{doc: doc, known: map[string]*Shape{}, nodes: map[string]map[string]any{}, compiler: jsonschema.NewCompiler()}
	b.whole = fmt.Sprintf("%x", sha256.Sum256(canonicalText(unannotated(doc))))
	b.compiler.Draft = jsonschema.Draft2020
	b.compiler.AssertFormat = true
	b.compiler.LoadURL = func(string) (io.ReadCloser, error) { return nil, errors.New("nothing is loaded from outside") }
	return b, b.compiler.AddResource(schemaURL, bytes.NewReader(data))
}

// compile returns the validators of a set, made when they are first asked for.
func (b *shaper) compile(set []conjunct) func() []*jsonschema.Schema {
	return sync.OnceValue(func() []*jsonschema.Schema {
		b.mu.Lock()
		defer b.mu.Unlock()
		var all []*jsonschema.Schema
		for _, c := range set {
			all = append(all, b.compiler.MustCompile(schemaURL+"#"+fragment(c.at)))
		}
		return all
	})
}

// fragment writes a JSON pointer as the fragment of a URL.
func fragment(pointer string) string {
	tokens := strings.Split(pointer, "/")
	for i, t := range tokens {
		tokens[i] = url.PathEscape(t)
	}
	return strings.Join(tokens, "/")
}

// shape returns the shape of sub-schemas that apply together; nil if there are none.
func (b *shaper) shape(set []conjunct) *Shape {
	if len(set) == 0 {
		return nil
	}
	given := set
	set = b.spread(set)
	key := keyOf(set)
	if s := b.known[key]; s != nil {
		return s
	}
	s := &Shape{At: given[0].at, Types: AllTypes, Length: anyLength, Size: anyLength, Count: anyLength, checks: b.compile(given)}
	b.known[key] = s
	if b.work += len(key); len(b.known) > maxShapes || b.work > maxShapeWork {
		s.Rest = []Rest{{At: s.At, Keyword: "size", Text: key + b.whole}}
		return s
	}
	for _, c := range set {
		b.facts(s, c.at, lookup(b.doc, c.at))
	}
	s.settle()
	b.properties(s, set)
	b.items(s, set)
	b.groups(s, set)
	return s
}

// keyOf tells sets apart, whatever names are in their pointers.
func keyOf(set []conjunct) string {
	var b strings.Builder
	for _, c := range set {
		fmt.Fprintf(&b, "%q %v,", c.at, c.bare)
	}
	return b.String()
}

var anyLength = Span{0, Unbounded}

// node is the sub-schema at a pointer; nil for true and false.
func (b *shaper) node(at string) map[string]any {
	node, ok := b.nodes[at]
	if !ok {
		node, _ = lookup(b.doc, at).(map[string]any)
		b.nodes[at] = node
	}
	return node
}

// spread adds what the sub-schemas refer to and what their allOf holds. None contains itself: CompileSchema saw to that.
func (b *shaper) spread(set []conjunct) []conjunct {
	bare := map[string]bool{}
	var add func(c conjunct)
	add = func(c conjunct) {
		if was, ok := bare[c.at]; ok && (was == c.bare || !was) {
			return
		}
		bare[c.at] = c.bare
		node := b.node(c.at)
		if ref, ok := node["$ref"].(string); ok && !strings.Contains(ref, "%") {
			add(conjunct{strings.TrimPrefix(ref, "#"), c.bare})
		}
		for i := range elements(node["allOf"]) {
			add(conjunct{c.at + "/allOf/" + strconv.Itoa(i), c.bare})
		}
	}
	for _, c := range set {
		add(c)
	}
	var all []conjunct
	for _, at := range slices.Sorted(maps.Keys(bare)) {
		all = append(all, conjunct{at, bare[at]})
	}
	return all
}

func elements(v any) []any {
	l, _ := v.([]any)
	return l
}

// properties adds up what is said about each property by name, and about the others.
func (b *shaper) properties(s *Shape, set []conjunct) {
	names := map[string][]conjunct{}
	matching := map[string][]conjunct{}
	var others, own []conjunct
	for _, c := range set {
		node := b.node(c.at)
		for _, name := range sortedKeys(node["properties"]) {
			names[name] = nil
		}
		for _, p := range sortedKeys(node["patternProperties"]) {
			matching[p] = append(matching[p], inner(c.at, "patternProperties", p))
		}
		if _, ok := node["additionalProperties"]; ok {
			others = append(others, inner(c.at, "additionalProperties"))
		}
		if n, ok := node["propertyNames"]; ok && n != nil {
			own = append(own, inner(c.at, "propertyNames"))
		}
	}
	for name := range names {
		for _, c := range set {
			names[name] = append(names[name], b.named(c.at, name)...)
		}
	}
	s.Names, s.Additional = b.shape(own), b.shape(others)
	for _, p := range slices.Sorted(maps.Keys(matching)) {
		s.Matching = append(s.Matching, Matching{p, b.shape(matching[p])})
	}
	if len(names) > 0 {
		s.Properties = map[string]*Shape{}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s.Properties[name] = b.shape(names[name])
	}
	b.overlap(s, set)
}

// named are the sub-schemas that the one at a pointer applies to a property.
func (b *shaper) named(at, name string) (all []conjunct) {
	node := b.node(at)
	if own, ok := node["properties"].(map[string]any); ok && own[name] != nil {
		all = append(all, inner(at, "properties", name))
	}
	for _, p := range sortedKeys(node["patternProperties"]) {
		if matches(p, name) {
			all = append(all, inner(at, "patternProperties", p))
		}
	}
	if _, ok := node["additionalProperties"]; ok && len(all) == 0 {
		all = append(all, inner(at, "additionalProperties"))
	}
	return all
}

func matches(pattern, text string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
}

func inner(at string, tokens ...string) conjunct {
	for _, t := range tokens {
		at += "/" + escapePointer(t)
	}
	return conjunct{at: at}
}

// overlap notes that one sub-schema's patterns and another's additionalProperties are about the same properties: then a
// property that matches the pattern is held to the other's additionalProperties, which Matching does not say.
func (b *shaper) overlap(s *Shape, set []conjunct) {
	for _, c := range set {
		node := b.node(c.at)
		for _, d := range set {
			other := b.node(d.at)
			_, closes := other["additionalProperties"]
			if _, ok := node["patternProperties"]; ok && closes && c.at != d.at {
				s.Rest = append(s.Rest, b.rest(d.at, "additionalProperties", map[string]any{"a": node, "b": other}))
			}
		}
	}
}

// items adds up what is said about each item.
func (b *shaper) items(s *Shape, set []conjunct) {
	longest := 0
	for _, c := range set {
		node := b.node(c.at)
		longest = max(longest, len(elements(node["prefixItems"])))
	}
	at := func(i int) *Shape {
		var all []conjunct
		for _, c := range set {
			node := b.node(c.at)
			if i < len(elements(node["prefixItems"])) {
				all = append(all, inner(c.at, "prefixItems", strconv.Itoa(i)))
			} else if _, ok := node["items"]; ok {
				all = append(all, inner(c.at, "items"))
			}
		}
		return b.shape(all)
	}
	for i := range longest {
		s.Prefix = append(s.Prefix, at(i))
	}
	s.Items = at(longest)
}

// groups makes the alternatives, each with its surroundings.
func (b *shaper) groups(s *Shape, set []conjunct) {
	var around []conjunct
	for _, c := range set {
		around = append(around, conjunct{c.at, true})
	}
	for _, c := range set {
		node := b.node(c.at)
		for _, k := range []string{"anyOf", "oneOf"} {
			if c.bare || node[k] == nil {
				continue
			}
			g := Group{At: c.at + "/" + k, One: k == "oneOf", Text: b.text(node[k])}
			for i := range elements(node[k]) {
				g.Of = append(g.Of, b.shape(append([]conjunct{inner(c.at, k, strconv.Itoa(i))}, around...)))
			}
			s.Groups = append(s.Groups, g)
		}
	}
}
