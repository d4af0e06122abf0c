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
		if t.plain = isPlain(t.Type); t.plain {
			t.settle(lines)
		}
		if t.Type == token.TagType {
			return nil, Errors{{t.findTag(lines), "a tag (!)", "remove it, or quote the text"}}
		}
		if !t.holds(lines) {
			return nil, Errors{{t.Position, "cannot make out the structure here", "write it in a simpler way"}}
		}
		if at, ok := t.foldedEscape(lines); ok {
			return nil, Errors{{at, "a line of quoted text that ends in a backslash", "use | or > for text of several lines"}}
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

// holds reports whether the text has the token where the token says it stands.
func (t *tok) holds(lines [][]rune) bool {
	switch t.Type {
	case token.DoubleQuoteType:
		return t.stands(lines, t.Column, `"`)
	case token.SingleQuoteType:
		return t.stands(lines, t.Column, "'")
	}
	first, _, _ := strings.Cut(t.Value, " ")
	first, _, _ = strings.Cut(first, "\n")
	return first != "" && t.stands(lines, t.Column, first)
}

func (t *tok) stands(lines [][]rune, col int, text string) bool {
	if t.Line < 1 || t.Line > len(lines) || col < 1 || col > len(lines[t.Line-1]) {
		return false
	}
	rest := lines[t.Line-1][col-1:]
	want := []rune(text)
	return len(want) <= len(rest) && string(rest[:len(want)]) == text
}

// settle corrects the place of plain text with spaces after it at the end of the line: the lexer counts them twice.
func (t *tok) settle(lines [][]rune) {
	if t.holds(lines) || t.Line < 1 || t.Line > len(lines) {
		return
	}
	line := string(lines[t.Line-1])
	spaces := len(line) - len(strings.TrimRight(line, " \t"))
	moved := *t
	if moved.Column -= spaces; moved.holds(lines) {
		*t = moved
	}
}

// foldedEscape finds a backslash at the end of a line within quoted text. It joins lines, or keeps a space that
// nobody sees, and lexers disagree on which.
func (t *tok) foldedEscape(lines [][]rune) (Position, bool) {
	if t.Type != token.DoubleQuoteType {
		return Position{}, false
	}
	for line := t.Line; line < t.end && line <= len(lines); line++ {
		if text := strings.TrimRight(string(lines[line-1]), " \t"); strings.HasSuffix(text, `\`) {
			return Position{line, len([]rune(text))}, true
		}
	}
	return Position{}, false
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
