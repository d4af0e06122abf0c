package state

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEncodeKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"":                     "=",
		"default/acme":         "default.acme",
		"a-b_C9":               "a-b_C9",
		"a.b":                  "a=2Eb",
		"=":                    "=3D",
		"a//b/":                "a.=.b.=",
		"run 7/*":              "run=207.=2A",
		"größe":                "gr=C3=B6=C3=9Fe",
		"\x00>":                "=00=3E",
		"customers/日本/2026-11": "customers.=E6=97=A5=E6=9C=AC.2026-11",
	} {
		if got := encodeKey(key); got != want {
			t.Errorf("encodeKey(%q) = %q, want %q", key, got, want)
		}
	}
}

// A key that NATS would take for a pattern or refuse must never leave encodeKey.
var natsKey = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

func TestKey_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := oddKey().Draw(t, "key")
		encoded := encodeKey(key)
		if !natsKey.MatchString(encoded) {
			t.Fatalf("encodeKey(%q) = %q, which is no NATS key", key, encoded)
		}
		got, err := decodeKey(encoded)
		if err != nil || got != key {
			t.Fatalf("decodeKey(encodeKey(%q)) = %q, %v", key, got, err)
		}
		prefix := key[:rapid.IntRange(0, len(key)).Draw(t, "cut")]
		if filter := filterFor(prefix); !strings.HasPrefix(encoded+".", strings.TrimSuffix(filter, ">")) {
			t.Fatalf("filterFor(%q) = %q does not match %q", prefix, filter, encoded)
		}
	})
}

func TestDecodeKey_refuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a=", "a=2", "a=G0", "a.==", "=2"} {
		if got, err := decodeKey(s); err == nil {
			t.Errorf("decodeKey(%q) = %q, want an error", s, got)
		}
	}
}

func TestWriters(t *testing.T) {
	t.Parallel()
	var w writers
	for i := range maxWriters + 3 {
		before := w
		w = w.with(writeID{byte(i)})
		if !w.since(before) {
			t.Fatalf("write %d does not know its predecessor", i)
		}
	}
	if len(w) != maxWriters || w[0] != (writeID{3}) || w[maxWriters-1] != (writeID{maxWriters + 2}) {
		t.Errorf("%d writers from %v to %v, want the last %d", len(w), w[0], w[len(w)-1], maxWriters)
	}
	if w.since(writers{{2}}) || w.since(nil) || !w.since(writers{{3}}) {
		t.Error("full writers cannot know what came before them, and must know what did not")
	}
	got, err := parseWriters(w.String())
	if err != nil || got.String() != w.String() {
		t.Errorf("parseWriters(String) = %v, %v", got, err)
	}
	for _, s := range []string{"!", "AAAA", strings.Repeat("AAAAAAAAAAA", 3), w.with(writeID{}).String() + "AAAAAAAAAAAA"} {
		if _, err := parseWriters(s); err == nil {
			t.Errorf("parseWriters(%q) was accepted", s)
		}
	}
}

// oddKey generates keys that are hard to store: separators, wildcards, empty segments, bytes that are no text.
func oddKey() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{"/", ".", "*", ">", "=", " ", "\r\n", "\x00", "\xff", "//", "$KV", "a", "é"}),
			rapid.StringN(0, 8, 24),
		), 0, 6).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}
