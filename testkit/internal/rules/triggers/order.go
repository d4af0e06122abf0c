package triggers

import (
	"bytes"
	"encoding/json"
	"math/big"
	"time"

	"patchbay/testkit/internal/rule"
)

// goneBack reports whether cursor b is at an earlier place than a, as far as their forms tell: times, numbers, and
// objects of them.
func goneBack(a, b json.RawMessage) bool { return before(rule.Decode(b), rule.Decode(a)) }

func before(b, a any) bool {
	switch a := a.(type) {
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name, v := range a {
			if before(other[name], v) {
				return true
			}
		}
	case string:
		other, ok := b.(string)
		if !ok {
			return b == nil && a != ""
		}
		return earlier(other, a)
	case json.Number:
		other, ok := b.(json.Number)
		if !ok {
			return b == nil
		}
		return smaller(other.String(), a.String())
	}
	return false
}

func earlier(b, a string) bool {
	if b == "" && a != "" {
		return true
	}
	for _, layout := range layouts {
		x, errX := time.Parse(layout, b)
		y, errY := time.Parse(layout, a)
		if errX == nil && errY == nil {
			return x.Before(y)
		}
	}
	return smaller(b, a)
}

func smaller(b, a string) bool {
	x, okX := new(big.Rat).SetString(b)
	y, okY := new(big.Rat).SetString(a)
	return okX && okY && len(b) < 40 && len(a) < 40 && x.Cmp(y) < 0
}

// sameCursor compares cursors by what they say.
func sameCursor(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}
