package report

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{count(0, "error"), "no errors"},
		{count(1, "error"), "1 error"},
		{count(2, "error"), "2 errors"},
		{thousands(0), "0"},
		{thousands(999), "999"},
		{thousands(1000), "1,000"},
		{thousands(123456), "123,456"},
		{thousands(-1234567), "-1,234,567"},
		{thousands(-123), "-123"},
		{size(64 << 10), "64 KiB"},
		{size(1 << 20), "1.0 MiB"},
		{wait(1500*time.Millisecond + 300*time.Microsecond), "1.5s"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestFamily_Worst(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]Family{"error": {Errors: 1, Warnings: 1}, "warning": {Warnings: 1, Notes: 1}, "kept": {Notes: 1}} {
		if got := f.worst(); got != want {
			t.Errorf("%+v is %s, want %s", f, got, want)
		}
	}
}
