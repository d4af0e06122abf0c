package strictyaml

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Parse reads one document. The error is of type [Errors].
func Parse(data []byte) (doc *Document, err error) {
	text := plainText(data)
	lines, err := source(text)
	if err != nil {
		return nil, err
	}
	toks, err := tokens(text, lines)
	if err != nil {
		return nil, err
	}
	p := parser{toks: toks}
	value, root, err := p.document()
	if err != nil {
		return nil, append(p.errs, err.(Error))
	}
	if len(p.errs) > 0 {
		return nil, p.errs
	}
	return &Document{Value: value, root: root}, nil
}

// tok is a token with the line that it ends on.
type tok struct {
	*token.Token
	Position
	end   int
	body  string // of a literal or folded text
	plain bool   // unquoted text
}

// tokens reads the text's tokens without comments, and holds each against its place in the text.
func tokens(text []byte, lines [][]rune) (list []tok, err error) {
	defer func() {
		if r := recover(); r != nil { // the lexer is not ours: whatever it stumbles over is not YAML
			err = Errors{{Position{1, 1}, "this is not YAML", ""}}
		}
	}()
	all := lexer.Tokenize(string(text))
	for i := 0; i < len(all); i++ {
		t := tok{Token: all[i], Position: Position{all[i].Position.Line, all[i].Position.Column}}
		if t.Error != "" {
			return nil, Errors{{t.Position, t.Error, ""}}
		}
		if t.Type == token.CommentType {
			continue
		}
		t.end = t.Line + strings.Count(strings.Trim(t.Origin, " \t\n"), "\n")
		t.plain = isPlain(t.Type)
		if t.Type == token.TagType {
			return nil, Errors{{t.findTag(lines), "a tag (!)", "remove it, or quote the text"}}
		}
		if !t.holds(lines) {
			return nil, Errors{{t.Position, "cannot make out the structure here", "write it in a simpler way"}}
		}
		if t.Type == token.LiteralType || t.Type == token.FoldedType {
			if all, i, err = t.readBody(all, i); err != nil {
				return nil, err
			}
		}
		list = append(list, t)
	}
	return list, nil
}

func isPlain(t token.Type) bool {
	switch t {
	case token.StringType, token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType,
		token.FloatType, token.NullType, token.BoolType, token.InfinityType, token.NanType:
		return true
	}
	return false
}

// holds reports whether the text has the token's first character where the token says it stands.
func (t *tok) holds(lines [][]rune) bool {
	if t.Line < 1 || t.Line > len(lines) || t.Column < 1 || t.Column > len(lines[t.Line-1]) {
		return false
	}
	first := lines[t.Line-1][t.Column-1]
	switch t.Type {
	case token.DoubleQuoteType:
		return first == '"'
	case token.SingleQuoteType:
		return first == '\''
	}
	return strings.HasPrefix(t.Value, string(first))
}

// findTag returns a tag's place: before quotes and brackets the lexer gives the one after it.
func (t *tok) findTag(lines [][]rune) Position {
	if t.Line >= 1 && t.Line <= len(lines) {
		line := lines[t.Line-1]
		for col := min(t.Column, len(line)); col >= 1; col-- {
			if line[col-1] == '!' && (col == 1 || line[col-2] != '!') {
				return Position{t.Line, col}
			}
		}
	}
	return t.Position
}

// readBody takes the text of a literal or folded block from the token after its header.
func (t *tok) readBody(all token.Tokens, i int) (token.Tokens, int, error) {
	switch strings.TrimLeft(t.Value, "|>") {
	case "", "-", "+":
	default:
		return nil, 0, Errors{{t.Position, fmt.Sprintf("the block header %q", t.Value), "use | or >, with - or + after it"}}
	}
	for i+1 < len(all) && all[i+1].Type == token.CommentType && all[i+1].Position.Line == t.Line {
		i++
	}
	if i+1 < len(all) && all[i+1].Type == token.StringType && all[i+1].Position.Line > t.Line {
		i++
		t.body = all[i].Value
	}
	t.end = t.Line
	return all, i, nil
}
