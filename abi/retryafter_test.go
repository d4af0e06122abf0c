package abi

import (
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	now := time.Date(2026, 11, 20, 18, 55, 0, 0, time.UTC) // five minutes behind the vendor's clock
	const date = "Fri, 20 Nov 2026 19:00:00 GMT"
	for _, tt := range []struct {
		value, date string
		want        time.Duration
		ok          bool
	}{
		{"", date, 0, false},
		{"0", date, 0, true},
		{"30", date, 30 * time.Second, true},
		{"030", date, 30 * time.Second, true},
		{"\t2.5 ", date, 2500 * time.Millisecond, true},
		{"1.", date, time.Second, true},
		{"0.0000000001", date, 0, true},
		{"1000000000", date, week, true},
		{"99999999999999999999999", date, week, true},
		{"-5", date, 0, false},
		{"+5", date, 0, false},
		{".5", date, 0, false},
		{"1e3", date, 0, false},
		{"0x10", date, 0, false},
		{"1_000", date, 0, false},
		{"Inf", date, 0, false},
		{"NaN", date, 0, false},
		{"1.2.3", date, 0, false},
		{"30 seconds", date, 0, false},
		{"soon", date, 0, false},
		{"Fri, 20 Nov 2026 19:01:30 GMT", date, 90 * time.Second, true},
		{"Friday, 20-Nov-26 19:00:05 GMT", date, 5 * time.Second, true},
		{"Fri Nov 20 19:00:07 2026", date, 7 * time.Second, true},
		{"Fri, 20 Nov 2026 18:00:00 GMT", date, 0, true},
		{"Fri, 20 Nov 2099 19:00:00 GMT", date, week, true},
		{"Fri, 20 Nov 2026 19:01:30 +0100", date, 0, false},
		{"Fri, 32 Nov 2026 19:01:30 GMT", date, 0, false},
		{"Fri, 20 Nov 2026 19:01:30 GMT", "Friday, 20-Nov-26 19:01:00 GMT", 30 * time.Second, true},
		{"Fri, 20 Nov 2026 19:01:30 GMT", "", 390 * time.Second, true},
		{"Fri, 20 Nov 2026 19:01:30 GMT", "yesterday", 390 * time.Second, true},
		{"30", "yesterday", 30 * time.Second, true},
	} {
		if got, ok := RetryAfter(tt.value, tt.date, now); got != tt.want || ok != tt.ok {
			t.Errorf("%q with the date %q: %v, %v, want %v, %v", tt.value, tt.date, got, ok, tt.want, tt.ok)
		}
	}
}

// Whatever a vendor sends, the time is bounded and never negative.
func FuzzRetryAfter(f *testing.F) {
	f.Add("2.5", "")
	f.Add("Fri, 20 Nov 2026 19:01:30 GMT", "Fri, 20 Nov 2026 19:00:00 GMT")
	f.Add("Friday, 20-Nov-26 19:00:05 GMT", "Fri Nov 20 19:00:07 2026")
	f.Fuzz(func(t *testing.T, value, date string) {
		d, ok := RetryAfter(value, date, time.Unix(1e9, 0))
		if d < 0 || d > MaxAfter*time.Second || !ok && d != 0 {
			t.Fatalf("%v, %v", d, ok)
		}
	})
}
