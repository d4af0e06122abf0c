package guest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/abi"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"one\n\ttwo":           "one\n\ttwo",
		"a\x1b[31mred\x07\r":   "a[31mred",
		"\u0085\u009bé\u00a0":  "é\u00a0",
		"\u202e\u2066\u200fab": "ab",
		"\x00":                 "",
		"a\xff\xfeb":           "a\uFFFDb",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPrintableRecord(t *testing.T) {
	t.Parallel()
	got := PrintableRecord(abi.LogRecord{Level: abi.LevelInfo, Message: "a\x1b[2J\nb\u202ec", Attrs: map[string]any{
		"k\x07": "v\u0085", "n": 1.5, "deep": []any{"\x00x", map[string]any{"y\x01": "\u2066z"}, nil}, "ok": true,
	}})
	want := abi.LogRecord{Level: abi.LevelInfo, Message: "a[2J\nbc", Attrs: map[string]any{
		"k": "v", "n": 1.5, "deep": []any{"x", map[string]any{"y": "z"}, nil}, "ok": true,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := PrintableRecord(abi.LogRecord{Message: "m"}); got.Attrs != nil {
		t.Errorf("attributes %v were made up", got.Attrs)
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	if most := strings.Repeat("x", maxShort); Shorten(most) != most || Shorten(most+"x") != most+"..." {
		t.Errorf("%d bytes became %q, one more %q", maxShort, Shorten(most), Shorten(most+"x"))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		short := Shorten(text + strings.Repeat("é", 101))
		if len(short) > maxShort+3 || !utf8.ValidString(short) || !strings.HasSuffix(short, "...") {
			t.Errorf("%d bytes: %q", len(short), short)
		}
	})
}
