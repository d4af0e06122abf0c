package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// suggest returns the candidate that word most likely meant, or nothing.
func suggest(word string, candidates []string) string {
	best, least := "", 1+max(1, min(3, len(word)/3))
	if len(word) > 64 {
		return ""
	}
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if strings.EqualFold(fold.Replace(c), fold.Replace(word)) {
			return c
		}
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

var fold = strings.NewReplacer("_", "", "-", "", " ", "")

func didYouMean(word string, candidates []string) string {
	if s := suggest(word, candidates); s != "" {
		return "did you mean " + strconv.Quote(s) + "?"
	}
	return ""
}

// distance is the number of letters to insert, delete, replace or swap with a neighbour (optimal string alignment).
func distance(a, b string) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}

// maxShown bounds how much of a value a message repeats.
const maxShown = 60

// quote returns text as a JSON string for a message, cut to a readable length.
func quote(text string) string { return strconv.Quote(cut(text)) }

func cut(text string) string {
	n := 0
	for i := range text {
		if n == maxShown {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// show writes a JSON value for a message, and no more of it than the message will hold.
func show(v any) string {
	var b strings.Builder
	write(&b, v)
	if _, ok := v.(string); ok {
		return b.String()
	}
	return cut(b.String())
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case string:
		b.WriteString(quote(v))
	case []any:
		b.WriteByte('[')
		for i := 0; i < len(v) && b.Len() <= 4*maxShown; i++ {
			separate(b, i)
			write(b, v[i])
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		keys := sortedKeys(v)
		for i := 0; i < len(keys) && b.Len() <= 4*maxShown; i++ {
			separate(b, i)
			b.WriteString(quote(keys[i]) + ": ")
			write(b, v[keys[i]])
		}
		b.WriteByte('}')
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, v)
	}
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// list joins words for a message: "a, b or c".
func list(words []string) string {
	const most = 24
	switch {
	case len(words) == 0:
		return "nothing"
	case len(words) == 1:
		return words[0]
	case len(words) > most:
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
