package strictyaml

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// inline parses a value that does not depend on its column: text, a number, or a collection in brackets.
func (p *parser) inline() (any, *node, error) {
	t := p.peek()
	switch {
	case t == nil:
		last := p.toks[len(p.toks)-1]
		return nil, nil, Error{last.Position, "the document ends in the middle", "close the bracket"}
	case t.Type == token.MappingStartType:
		return p.flowMapping()
	case t.Type == token.SequenceStartType:
		return p.flowSequence()
	case t.Type == token.LiteralType || t.Type == token.FoldedType:
		p.i++
		return t.body, &node{at: t.Position}, nil
	case isScalar(t):
		p.i++
		return p.scalar(t), &node{at: t.Position}, nil
	}
	return nil, nil, p.unexpected(t)
}

func (p *parser) scalar(t *tok) any {
	if !t.plain {
		return t.Value
	}
	v, message, fix := resolve(t.Value)
	if message != "" {
		p.note(t.Position, message, fix)
	}
	return v
}

func (p *parser) flowSequence() (any, *node, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer p.leave()
	value, n := []any{}, &node{at: p.peek().Position}
	p.i++
	for !p.take(token.SequenceEndType) {
		v, child, err := p.inline()
		if err != nil {
			return nil, nil, err
		}
		value, n.items = append(value, v), append(n.items, child)
		if err := p.comma(token.SequenceEndType, "]"); err != nil {
			return nil, nil, err
		}
	}
	return value, n, nil
}

func (p *parser) flowMapping() (any, *node, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer p.leave()
	value, n := map[string]any{}, &node{at: p.peek().Position, fields: map[string]*node{}}
	p.i++
	for !p.take(token.MappingEndType) {
		key, err := p.key()
		if err != nil {
			return nil, nil, err
		}
		if !p.take(token.MappingValueType) {
			return nil, nil, Error{key.Position, fmt.Sprintf("the key %q has no value", short(key.text)), "write \"key: value\", with a space after the colon"}
		}
		v, child, err := p.flowValue(key)
		if err != nil {
			return nil, nil, err
		}
		p.put(value, n, key, v, child)
		if err := p.comma(token.MappingEndType, "}"); err != nil {
			return nil, nil, err
		}
	}
	return value, n, nil
}

func (p *parser) flowValue(key key) (any, *node, error) {
	if t := p.peek(); t != nil && (t.Type == token.CollectEntryType || t.Type == token.MappingEndType) {
		p.note(key.Position, fmt.Sprintf("the key %q has no value", short(key.text)), "write one, or null, or remove the key")
		return nil, &node{at: key.Position}, nil
	}
	return p.inline()
}

// comma takes the comma between two entries; before the closing bracket there may be one.
func (p *parser) comma(end token.Type, bracket string) error {
	if p.take(token.CollectEntryType) {
		return nil
	}
	t := p.peek()
	if t == nil {
		last := p.toks[len(p.toks)-1]
		return Error{last.Position, "the document ends in the middle", "close the bracket with " + bracket}
	}
	if t.Type == end {
		return nil
	}
	return p.unexpected(t)
}

func (p *parser) take(want token.Type) bool {
	if t := p.peek(); t != nil && t.Type == want {
		p.i++
		return true
	}
	return false
}

// key is a mapping's key; ok means that it can be used as one.
type key struct {
	Position
	text string
	ok   bool
}

func (p *parser) key() (key, error) {
	t := p.peek()
	if t == nil || !isScalar(t) {
		if t == nil {
			t = &p.toks[len(p.toks)-1]
		}
		return key{}, p.unexpected(t)
	}
	p.i++
	k := key{Position: t.Position, text: t.Value, ok: true}
	switch {
	case t.end > t.Line:
		return key{}, Error{t.Position, "a key of several lines", "check the indentation of the line below"}
	case t.plain && (t.Type != token.StringType || jsonNumber.MatchString(t.Value) || anyNumber.MatchString(t.Value)):
		p.note(t.Position, fmt.Sprintf("the key %s is not text", short(t.Value)), "quote it")
		k.ok = false
	}
	return k, nil
}

// unexpected says what is wrong with a token that has no place in the structure.
func (p *parser) unexpected(t *tok) error {
	what := map[token.Type][2]string{
		token.AnchorType:         {"an anchor (&)", "write the value out where it is needed"},
		token.AliasType:          {"an alias (*)", "write the value out where it is needed, or quote the text"},
		token.MergeKeyType:       {"a merge key (<<)", "write the keys out where they are needed"},
		token.DirectiveType:      {"a directive (%)", "remove it"},
		token.DocumentHeaderType: {"a second document (---)", "one file holds one document"},
		token.DocumentEndType:    {"an end of document (...)", "remove it"},
		token.MappingKeyType:     {"a key that begins with \"?\"", "write \"key: value\""},
		token.MappingValueType:   {"a colon without a key before it", "write \"key: value\""},
	}
	if w, ok := what[t.Type]; ok {
		return Error{t.Position, w[0], w[1]}
	}
	return Error{t.Position, fmt.Sprintf("unexpected %s", short(t.Value)), "check the indentation, the commas and the quotes around here"}
}
