package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	maxDifferences = 5   // that are shown
	maxShown       = 160 // characters of a value
)

// difference says in which places two reports differ: JSON pointers, with what the certified one has and what the
// registry's own has there.
func difference(certified, own []byte) string {
	var a, b any
	if decode(certified, &a) != nil || decode(own, &b) != nil {
		return "  one of them is no JSON"
	}
	var d differences
	d.compare("", a, b)
	if len(d) == 0 {
		return "  they say the same in other bytes: one is not as the report is written"
	}
	text := strings.Join(d[:min(len(d), maxDifferences)], "\n")
	if n := len(d) - maxDifferences; n > 0 {
		text += fmt.Sprintf("\n  and %d more", n)
	}
	return text
}

func decode(data []byte, v *any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // figures of many digits stay what they are
	return d.Decode(v)
}

type differences []string

// absent stands for a value that only the other report has.
type absent struct{}

func (d *differences) compare(pointer string, a, b any) {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			d.objects(pointer, a, b)
			return
		}
	case []any:
		if b, ok := b.([]any); ok {
			d.arrays(pointer, a, b)
			return
		}
	}
	if x, y := show(a), show(b); x != y {
		*d = append(*d, fmt.Sprintf("  %s\n    certified %s\n    here      %s", pointer, clip(x), clip(y)))
	}
}

func (d *differences) objects(pointer string, a, b map[string]any) {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		d.compare(pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), member(a, k), member(b, k))
	}
}

func (d *differences) arrays(pointer string, a, b []any) {
	for i := range max(len(a), len(b)) {
		d.compare(fmt.Sprintf("%s/%d", pointer, i), element(a, i), element(b, i))
	}
}

func member(o map[string]any, key string) any {
	if v, ok := o[key]; ok {
		return v
	}
	return absent{}
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

func show(v any) string {
	if v == (absent{}) {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func clip(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}
