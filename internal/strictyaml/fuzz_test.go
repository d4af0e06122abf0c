package strictyaml

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever is read is data that JSON can hold, reads as the same data again, and has its places inside the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb:\n  - x: {y: [1, 2]}\n    z: |\n      text\n", "- - a\n  - >-\n    b\n    c\n- \"d\\u00e9\"\n", "--- # c\n{\"a\": [null, true, -1.5e3]}\n",
		"a: &x b\nc: *x\n", "? a\n: b\n", "a: !!str 1\n", "%YAML 1.2\n---\na: 'b\n  c'\n", "<<: {a: 1}\n", "a:\n- b\n-\n", "a: b\n  c: d\n", "[a, [b, {c: d", "a: |2-\n    x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse(data)
		if err != nil {
			if errs, ok := err.(Errors); !ok || len(errs) == 0 || errs[0].Line < 1 || errs[0].Column < 1 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		text, err := json.Marshal(doc.Value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text)
		if err != nil {
			// JSON may need more room, or escape into a raw form, than its YAML; anything else is a defect.
			if len(text) <= MaxSize && !hasInvisible(string(text)) {
				t.Fatalf("%v\n%s", err, text)
			}
			return
		}
		if diff := cmp.Diff(doc.Value, again.Value); diff != "" {
			t.Fatalf("%q\n%s", data, diff)
		}
		walk(t, doc.root)
	})
}

func hasInvisible(s string) bool {
	for _, r := range s {
		if Invisible(r) || r >= 0x7F && r < 0xA0 {
			return true
		}
	}
	return false
}

func walk(t *testing.T, n *node) {
	if n.at.Line < 1 || n.at.Column < 1 {
		t.Fatalf("a value without a place: %+v", n)
	}
	for _, c := range n.fields {
		if c.key.Line < 1 {
			t.Fatalf("a key without a place: %+v", c)
		}
		walk(t, c)
	}
	for _, c := range n.items {
		walk(t, c)
	}
}
