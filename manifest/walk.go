package manifest

import (
	"strconv"
	"strings"
)

// trail is the way to a value. Its pointer is written only where it is needed: to write one for every value takes
// time that grows with the square of a document of long keys.
type trail struct {
	keys []string
	size int // bytes of the keys
}

func (t trail) pointer() string {
	var b strings.Builder
	for _, k := range t.keys {
		b.WriteString("/" + EscapePointer(k))
	}
	return b.String()
}

func (t trail) to(key string) trail {
	return trail{append(t.keys, key), t.size + 1 + len(key)}
}

// each calls f for v and every value within it, in the order of their pointers.
func each(t trail, v any, f func(t trail, v any)) {
	f(t, v)
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			each(t.to(strconv.Itoa(i)), item, f)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			each(t.to(k), v[k], f)
		}
	}
}
