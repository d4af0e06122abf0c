package inputs

import (
	"regexp/syntax"
	"strings"
)

// matching makes a text that a regular expression matches, for the patterns that schemas have: no look-around, and
// anchors only at the ends.
func (g *generator) matching(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	g.steps = 0
	g.write(&b, re.Simplify())
	return b.String()
}

func (g *generator) write(b *strings.Builder, re *syntax.Regexp) {
	if g.steps++; g.steps > mostSteps {
		return // what there is matches nothing, and is sorted out
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := g.rand.IntN(len(re.Rune)/2) * 2
		b.WriteRune(re.Rune[i] + rune(g.rand.IntN(min(int(re.Rune[i+1]-re.Rune[i])+1, 200))))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune([]rune("a/%ß漢")[g.rand.IntN(5)])
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.rand.IntN(len(re.Sub))])
	case syntax.OpQuest:
		g.repeat(b, re.Sub[0], g.rand.IntN(2))
	case syntax.OpStar:
		g.repeat(b, re.Sub[0], g.rand.IntN(6))
	case syntax.OpPlus:
		g.repeat(b, re.Sub[0], 1+g.rand.IntN(8))
	}
}

func (g *generator) repeat(b *strings.Builder, re *syntax.Regexp, n int) {
	for range n {
		g.write(b, re)
	}
}
