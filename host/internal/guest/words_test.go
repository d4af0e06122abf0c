package guest

import (
	"strings"
	"testing"
)

func TestLastWords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456\n", 1000)
	tests := []struct {
		name, first, last string // of what is kept
		reason            string
		printed           []string
	}{
		{"nothing", "", "", "", nil},
		{"the last lines", "456\n0123456\n", "end\n", "", []string{long, "end\n"}},
		{"from the reason on", "panic: boom\n", "\n0123", "panic: boom\n", []string{long, "panic: boom\n", long}},
		{"from the last reason on", "thread 'main' panicked\n", "\nend\n", "thread 'main' panicked\n", []string{"panic: early\n", "thread 'main' panicked\n", "end\n"}},
		{"within a line", "a panic: b\n", "b\n", "", []string{"a panic: b\n"}},
		{"in parts", "fatal error: stack\nmore", "\nmore", "fatal error: stack", []string{"fatal error: stack", "\n", "more"}},
		{"out of memory", "memory allocation of 7", " bytes failed\n", "memory allocation of 7 bytes failed\n", []string{"x", "memory allocation of 7 bytes failed\n"}},
	}
	for _, tt := range tests {
		var w LastWords
		for _, text := range tt.printed {
			w.Add(text)
		}
		got := w.Text()
		if len(got) > MaxWords || w.Reason() != tt.reason || !strings.HasPrefix(got, tt.first) || !strings.HasSuffix(got, tt.last) {
			t.Errorf("%s: reason %q, kept %d bytes from %.30q to %q", tt.name, w.Reason(), len(got), got, got[max(0, len(got)-30):])
		}
	}
}
