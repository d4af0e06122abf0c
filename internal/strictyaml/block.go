package strictyaml

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// parser builds a document of its tokens. A problem that leaves the structure clear is noted in errs, and the
// parser goes on; any other ends it as an error of type [Error].
type parser struct {
	toks  []tok
	i     int
	depth int
	errs  Errors
}

func (p *parser) peek() *tok {
	if p.i < len(p.toks) {
		return &p.toks[p.i]
	}
	return nil
}

func (p *parser) note(pos Position, message, fix string) {
	p.errs = append(p.errs, Error{pos, message, fix})
}

func (p *parser) document() (any, *node, error) {
	if t := p.peek(); t != nil && t.Type == token.DocumentHeaderType {
		p.i++
		if next := p.peek(); next != nil && next.Line == t.Line {
			return nil, nil, Error{next.Position, "text on the line of ---", "begin the document on a line of its own"}
		}
	}
	t := p.peek()
	if t == nil {
		return nil, nil, Error{Position{1, 1}, "the document is empty", ""}
	}
	value, n, err := p.block(t.Column)
	if err != nil {
		return nil, nil, err
	}
	if t := p.peek(); t != nil {
		return nil, nil, p.unexpected(t)
	}
	return value, n, nil
}

// block parses the value that begins with the next token, at column col.
func (p *parser) block(col int) (any, *node, error) {
	t := p.peek()
	switch {
	case t.Type == token.SequenceEntryType:
		return p.sequence(col)
	case p.atKey():
		return p.mapping(col)
	}
	return p.inline()
}

// atKey reports whether the next two tokens are a key and its colon.
func (p *parser) atKey() bool {
	if p.i+1 >= len(p.toks) {
		return false
	}
	t, colon := &p.toks[p.i], &p.toks[p.i+1]
	return colon.Type == token.MappingValueType && (isScalar(t) || t.Type == token.MergeKeyType) && colon.Line == t.end
}

func isScalar(t *tok) bool {
	return t.plain || t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType
}

func (p *parser) mapping(col int) (any, *node, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer p.leave()
	value, n := map[string]any{}, &node{at: p.peek().Position, fields: map[string]*node{}}
	for {
		key, err := p.key()
		if err != nil {
			return nil, nil, err
		}
		colon := p.peek()
		p.i++
		v, child, err := p.after(colon, col)
		if err != nil {
			return nil, nil, err
		}
		p.put(value, n, key, v, child)
		more, err := p.more(col)
		if err != nil {
			return nil, nil, err
		}
		if !more {
			return value, n, nil
		}
		if !p.atKey() {
			return nil, nil, p.unexpected(p.peek())
		}
	}
}

func (p *parser) sequence(col int) (any, *node, error) {
	if err := p.enter(); err != nil {
		return nil, nil, err
	}
	defer p.leave()
	value, n := []any{}, &node{at: p.peek().Position}
	for {
		dash := p.peek()
		p.i++
		v, child, err := p.after(dash, col)
		if err != nil {
			return nil, nil, err
		}
		value, n.items = append(value, v), append(n.items, child)
		more, err := p.more(col)
		if err != nil {
			return nil, nil, err
		}
		// A mapping's sequence may stand at the column of its key: what follows is then the next key.
		if !more || p.peek().Type != token.SequenceEntryType {
			return value, n, nil
		}
	}
}

// more reports whether the next token goes on with the collection at column col.
func (p *parser) more(col int) (bool, error) {
	t := p.peek()
	switch {
	case t == nil || t.Column < col && t.Line > p.toks[p.i-1].end:
		return false, nil
	case t.Line <= p.toks[p.i-1].end:
		return false, p.unexpected(t)
	case t.Column > col:
		return false, misaligned(t.Position)
	}
	return true, nil
}

func misaligned(at Position) error {
	return Error{at, "the indentation fits nothing above", "align it with its siblings, or quote the text if it goes on from the line before"}
}

// after parses what follows the colon or dash of a collection at column col.
func (p *parser) after(mark *tok, col int) (any, *node, error) {
	t := p.peek()
	dash := mark.Type == token.SequenceEntryType
	switch {
	case t == nil, t.Line > mark.Line && t.Column < col,
		t.Line > mark.Line && t.Column == col && (dash || t.Type != token.SequenceEntryType):
		p.note(mark.Position, "there is no value here", "write one, or null, or remove the key")
		return nil, &node{at: mark.Position}, nil
	case t.Line > mark.Line || dash:
		return p.block(t.Column)
	case p.atKey() && t.end > t.Line:
		return nil, nil, misaligned(Position{t.end, 1})
	case p.atKey():
		return nil, nil, Error{t.Position, "a second key on the line", "begin a new line for it, or quote the text that holds the colon"}
	}
	return p.inline()
}

// put stores a value under its key, once.
func (p *parser) put(value map[string]any, n *node, key key, v any, child *node) {
	if !key.ok {
		return
	}
	if first, ok := n.fields[key.text]; ok {
		p.note(key.Position, fmt.Sprintf("duplicate key %q", short(key.text)), fmt.Sprintf("it is first on line %d", first.key.Line))
		return
	}
	child.key = key.Position
	value[key.text], n.fields[key.text] = v, child
}

func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return Error{p.peek().Position, fmt.Sprintf("more than %d levels", MaxDepth), ""}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }
