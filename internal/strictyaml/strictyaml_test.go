package strictyaml

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, json string }{
		{"block mapping", "a: 1\nb: x y\nc: true\nd: null\n", `{"a":1,"b":"x y","c":true,"d":null}`},
		{"document header", "--- # first\n# c\na: 1\n", `{"a":1}`},
		{"comments", "# one\na: 1 # two\n  # three\nb: 2\n", `{"a":1,"b":2}`},
		{"nested", "a:\n  b:\n    c: d\n  e: f\ng: h", `{"a":{"b":{"c":"d"},"e":"f"},"g":"h"}`},
		{"sequence at the key's column", "a:\n- 1\n- 2\nb: 3\n", `{"a":[1,2],"b":3}`},
		{"sequence of mappings", "- a: 1\n  b: 2\n- a: 3\n", `[{"a":1,"b":2},{"a":3}]`},
		{"sequence in a sequence", "- - 1\n  - 2\n-\n  - 3\n", `[[1,2],[3]]`},
		{"mapping below a dash", "-\n  a: 1\n  b: 2\n", `[{"a":1,"b":2}]`},
		{"sequence in a mapping in a sequence", "- a:\n  - 1\n  b: 2\n", `[{"a":[1],"b":2}]`},
		{"flow", `{a: [1, {b: c}, [ ]], "q": 'it''s', "j":1, }`, `{"a":[1,{"b":"c"},[]],"q":"it's","j":1}`},
		{"flow over lines", "a: {\n  b: 1,\n  c: [x,\n      z]\n}\nd: 2\n", `{"a":{"b":1,"c":["x","z"]},"d":2}`},
		{"literal", "a: |\n  one\n   two\n\n  three\nb: 1\n", `{"a":"one\n two\n\nthree\n","b":1}`},
		{"literal stripped", "a: |-\n  one\n  # two\nb: 1\n", `{"a":"one\n# two","b":1}`},
		{"literal kept", "a: |+\n  one\n\nb: 1\n", `{"a":"one\n\n","b":1}`},
		{"literal with a comment", "a: | # c\n  one\n", `{"a":"one\n"}`},
		{"folded", "a: >\n  one\n  two\n\n  three\n", `{"a":"one two\nthree\n"}`},
		{"folded stripped", "- >-\n  one\n  two\n- x\n", `["one two","x"]`},
		{"empty literal", "a: |\nb: 1\n", `{"a":"","b":1}`},
		{"plain over lines", "a: one\n  two\n\n  three\nb: 1", `{"a":"one two\nthree","b":1}`},
		{"quoted over lines", "a: \"one\n  two\"\nb: 'x\n  y'\n", `{"a":"one two","b":"x y"}`},
		{"escapes", `a: "\u00e9\t\"\\\/\x41\ud83d\ude00"`, `{"a":"é\t\"\\/A😀"}`},
		{"plain text with marks", "a: http://x.y/z#f?q=1&r=[2]\nb: it's -1 {x}\n", `{"a":"http://x.y/z#f?q=1&r=[2]","b":"it's -1 {x}"}`},
		{"quoted words", `[ "yes", 'no', "010", "~", "<<" ]`, `["yes","no","010","~","<<"]`},
		{"words as keys", "on: 1\nno: 2\ny: 3\n", `{"on":1,"no":2,"y":3}`},
		{"text like a date or version", "a: 2026-01-02\nb: 1.2.3\nc: 2026-01-02T03:04:05Z\n", `{"a":"2026-01-02","b":"1.2.3","c":"2026-01-02T03:04:05Z"}`},
		{"numbers", "[0, -1, 1.50, 2e3, 1E-2, 12345678901234567890]", `[0,-1,1.50,2e3,1E-2,12345678901234567890]`},
		{"CR LF and byte order mark", "\uFEFFa: |\r\n  x\r\n  y\r\nb: 1\r\n", `{"a":"x\ny\n","b":1}`},
		{"spaces at the end of lines", "title: Desk Desk   \nx: [a  , b ]  \nk  : xxxx     \nm: a\n  b   \n  c  \nl: |  \n  z \ny1:  \n  - q  \n", `{"title":"Desk Desk","x":["a","b"],"k":"xxxx","m":"a b c","l":"z \n","y1":["q"]}`},
		{"a lone value", "text", `"text"`},
		{"characters beyond ASCII", "é: ü 漢 😀\n", `{"é":"ü 漢 😀"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse([]byte(tt.yaml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, tt.json), doc.Value); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func decode(t testing.TB, text string) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, want string }{
		{"nothing", "# only a comment\n", "1:1: the document is empty"},
		{"duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "4:3: duplicate key \"c\": it is first on line 3\n5:1: duplicate key \"a\": it is first on line 1"},
		{"duplicate key in another spelling", `{a: 1, "\x61": 2}`, `1:8: duplicate key "a": it is first on line 1`},
		{"anchor", "a: &x 1\n", "1:4: an anchor (&): write the value out where it is needed"},
		{"alias", "a: *x\n", "1:4: an alias (*): write the value out where it is needed, or quote the text"},
		{"merge key", "a:\n  <<: {b: 1}\n", "2:3: a merge key (<<): write the keys out where they are needed"},
		{"tag", "a: !!int \"1\"\n", "1:4: a tag (!): remove it, or quote the text"},
		{"local tag in flow", "[!x a]\n", "1:2: a tag (!): remove it, or quote the text"},
		{"directive", "%YAML 1.1\n---\na: 1\n", "1:1: a directive (%): remove it"},
		{"two documents", "a: 1\n---\nb: 1\n", "2:1: a second document (---): one file holds one document"},
		{"document end", "a: 1\n...\n", "2:1: an end of document (...): remove it"},
		{"text after the header", "--- {a: 1}\n", "1:5: text on the line of ---: begin the document on a line of its own"},
		{"complex key", "? a\n: b\n", "1:1: a key that begins with \"?\": write \"key: value\""},
		{"collection as key", "[a]: b\n", "1:4: a colon without a key before it: write \"key: value\""},
		{"number as key", "1: a\n200: b\n", "1:1: the key 1 is not text: quote it\n2:1: the key 200 is not text: quote it"},
		{"word as key", "true: a\nnull: b\n0x1: c\n", "1:1: the key true is not text: quote it\n2:1: the key null is not text: quote it\n3:1: the key 0x1 is not text: quote it"},
		{"YAML 1.1 booleans", "- yes\n- NO\n- On\n- n\n- True\n", "1:3: yes means different things to different readers: write true, or \"yes\" in quotes for the text\n" +
			"2:3: NO means different things to different readers: write false, or \"NO\" in quotes for the text\n" +
			"3:3: On means different things to different readers: write true, or \"On\" in quotes for the text\n" +
			"4:3: n means different things to different readers: write false, or \"n\" in quotes for the text\n" +
			"5:3: True means different things to different readers: write true, or \"True\" in quotes for the text"},
		{"null", "- ~\n- NULL\n", "1:3: ~ means different things to different readers: write null, or \"~\" in quotes for the text\n" +
			"2:3: NULL means different things to different readers: write null, or \"NULL\" in quotes for the text"},
		{"not a number", "a: .nan\nb: -.Inf\n", "1:4: .nan means different things to different readers: there is no such number in JSON; quote it for the text\n" +
			"2:4: -.Inf means different things to different readers: there is no such number in JSON; quote it for the text"},
		{"huge exponent", "a: 1e100000000\n", "1:4: 1e100000000 does not fit into a 64-bit float: quote it for the text"},
		{"tiny exponent", "a: 1e-400\n", "1:4: 1e-400 does not fit into a 64-bit float: quote it for the text"},
		{"long number", "a: " + strings.Repeat("1", 65), "1:4: a number of 65 characters: at most 64 are read; quote it for the text"},
		{"empty value", "a:\nb: 1\n", "1:2: there is no value here: write one, or null, or remove the key"},
		{"empty item", "-\n- 1\n", "1:1: there is no value here: write one, or null, or remove the key"},
		{"empty flow value", "{a: , b: 1}\n", "1:2: the key \"a\" has no value: write one, or null, or remove the key"},
		{"no value in flow", "{a}\n", "1:2: the key \"a\" has no value: write \"key: value\", with a space after the colon"},
		{"pair in a list", "[a: b]\n", "1:3: a colon without a key before it: write \"key: value\""},
		{"two keys on a line", "a: b: c\n", "1:4: a second key on the line: begin a new line for it, or quote the text that holds the colon"},
		{"deeper sibling", "a:\n  b: 1\n   c: 2\n", "3:1: the indentation fits nothing above: align it with its siblings, or quote the text if it goes on from the line before"},
		{"key of several lines", "a: 1\n\"b\n  c\": 2\n", "2:1: a key of several lines: check the indentation of the line below"},
		{"indentation between levels", "a:\n    b: 1\n  c: 2\n", "3:3: the indentation fits nothing above: align it with its siblings, or quote the text if it goes on from the line before"},
		{"tab", "a:\n\tb: 1\n", "2:1: a tab in the indentation: use spaces"},
		{"no colon", "a: 1\nb\n", "2:1: unexpected b: check the indentation, the commas and the quotes around here"},
		{"open bracket", "a: [1, 2\n", "1:8: the document ends in the middle: close the bracket with ]"},
		{"open quote", "a: \"x\n", "1:4: could not find end character of double-quoted text"},
		{"escape at the end of a line", "a: \"x\\\n  y\"\n", "1:6: a line of quoted text that ends in a backslash: use | or > for text of several lines"},
		{"escaped space at the end of a line", "a: \"x\n  y\\  \n  z\"\n", "2:4: a line of quoted text that ends in a backslash: use | or > for text of several lines"},
		{"no comma", "[1 , \"2\" x]\n", "1:10: unexpected x: check the indentation, the commas and the quotes around here"},
		{"block header", "a: |2\n    x\n", "1:4: the block header \"|2\": use | or >, with - or + after it"},
		{"reserved character", "a: @x\n", "1:4: '@' is a reserved character"},
		{"control character", "a: \"x\x01\"\n", "1:6: the control character U+0001: write it as an escape in double quotes"},
		{"bidirectional control", "a: x\u202Ey\n", "1:5: the invisible character U+202E, which hides or reorders the text around it"},
		{"invalid UTF-8", "a: \xff\n", "1:4: invalid UTF-8"},
		{"lone CR", "a: 1\rb: 2\n", "1:5: the control character U+000D: write it as an escape in double quotes"},
		{"levels", strings.Repeat("[", 65) + strings.Repeat("]", 65), "1:65: more than 64 levels"},
		{"levels of dashes", strings.Repeat("- ", 65) + "a", "1:129: more than 64 levels"},
		{"size", "a: " + strings.Repeat("x", MaxSize), "1:1: the document has 1048579 bytes: at most 1048576 are read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.yaml))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if _, ok := err.(Errors); !ok {
				t.Errorf("error of type %T", err)
			}
		})
	}
}

// numberish words: every one that any YAML reader takes for a number is JSON's or refused.
func TestParse_RefusesAmbiguousNumbers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"010", "0x1F", "0o17", "0b1", "+1", "1_000", "1.", ".5", "-.5", "12:30", "1:20:30.5", "08", "1_0.5", "+.inf"} {
		if doc, err := Parse([]byte("a: " + text)); err == nil {
			t.Errorf("%s was read as %v", text, doc.Value)
		}
	}
}

func TestDocument_Position(t *testing.T) {
	t.Parallel()
	doc, err := Parse([]byte("a:\n  - x: 1\n    \"y/~\": [2,\n      {ü: 3, z: 4}]\nb: |\n  text\nc: 5\nd: xxxx    \n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		pointer    string
		key, value Position
	}{
		{"", Position{1, 1}, Position{1, 1}},
		{"/a", Position{1, 1}, Position{2, 3}},
		{"/a/0", Position{2, 5}, Position{2, 5}},
		{"/a/0/x", Position{2, 5}, Position{2, 8}},
		{"/a/0/y~1~0", Position{3, 5}, Position{3, 12}},
		{"/a/0/y~1~0/0", Position{3, 13}, Position{3, 13}},
		{"/a/0/y~1~0/1/ü", Position{4, 8}, Position{4, 11}},
		{"/a/0/y~1~0/1/z", Position{4, 14}, Position{4, 17}},
		{"/b", Position{5, 1}, Position{5, 4}},
		{"/c", Position{7, 1}, Position{7, 4}},
		{"/d", Position{8, 1}, Position{8, 4}},
		{"/c/none", Position{7, 1}, Position{7, 4}},
		{"/a/7", Position{1, 1}, Position{2, 3}},
		{"/none/x", Position{1, 1}, Position{1, 1}},
	}
	for _, tt := range tests {
		if got := doc.Position(tt.pointer); got != tt.value {
			t.Errorf("Position(%q) = %v, want %v", tt.pointer, got, tt.value)
		}
		if got := doc.Key(tt.pointer); got != tt.key {
			t.Errorf("Key(%q) = %v, want %v", tt.pointer, got, tt.key)
		}
	}
}

// JSON is YAML: every JSON document reads as the same data, whatever its layout.
func TestParse_JSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := values(3).Draw(t, "value")
		data, err := json.MarshalIndent(value, "", strings.Repeat(" ", rapid.IntRange(0, 4).Draw(t, "indent")))
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "compact") {
			var b bytes.Buffer
			if err := json.Compact(&b, data); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		doc, err := Parse(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		var want any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, doc.Value); diff != "" {
			t.Fatalf("%s\n%s", data, diff)
		}
	})
}

func values(depth int) *rapid.Generator[any] {
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab \t\n\r\"'\\/#:,-{}[]&*!|>%@`?é漢😀\u0000\u2028~0x.")))
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 7
		if depth == 0 {
			kinds = 5
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Float64().Draw(t, "float")
		case 3:
			return rapid.Int().Draw(t, "int")
		case 5:
			return rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "list")
		case 6:
			return rapid.MapOfN(text, values(depth-1), 0, 4).Draw(t, "map")
		}
		return text.Draw(t, "text")
	})
}

// Hostile documents end in time that grows with their size, not with its square: the bound only tells a hang.
func TestParse_Bounded(t *testing.T) {
	n := MaxSize / 16
	repeat := func(head, s, tail string) string {
		return head + strings.Repeat(s, (n-len(head)-len(tail))/len(s)) + tail
	}
	var keys strings.Builder
	for i := 0; keys.Len() < n-20; i++ {
		fmt.Fprintf(&keys, "k%d: v\n", i)
	}
	docs := map[string]string{
		"list": repeat("", "- a\n", ""), "keys": keys.String(), "flow": repeat("[", "1,", "]"),
		"commas": repeat("[", ",", "]"), "flow keys": repeat("{", "a: 1, ", "}"), "colons": repeat("", "a: ", ""),
		"questions": repeat("", "? ", ""), "dashes": repeat("", "- ", ""), "brackets": repeat("", "[", ""),
		"braces": repeat("", "{a: ", ""), "documents": repeat("", "---\n", ""), "tags": repeat("", "!a ", ""),
		"anchors": repeat("", "- &a b\n", ""), "aliases": repeat("a: &a x\nb: [", "*a,", "]"), "comments": repeat("", "# x\n", ""),
		"lines": repeat("", "\n", "a: b"), "spaces": repeat("", " ", "a: b"), "escapes": repeat(`"`, `\n`, `"`),
		"quoted lines": repeat(`"`, "x\n ", `"`), "plain lines": repeat("a: x\n", " x\n", ""), "literal": repeat("a: |\n", "  x\n", ""),
		"folded": repeat("a: >\n", "  x\n\n", ""), "long key": repeat("", "k", ": v"), "open quote": repeat(`a: "`, "x", ""),
		"literals": repeat("", "- |\n x\n", ""), "quotes": repeat("", "''\n", ""), "one line": repeat("a: [", "'x', ", "]"),
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _ = Parse([]byte(doc))
			if d := time.Since(start); d > time.Minute {
				t.Errorf("%v for %d bytes", d, len(doc))
			} else {
				t.Logf("%v", d)
			}
		})
	}
}
