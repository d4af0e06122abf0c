package abi

import (
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads the value of a Retry-After header: seconds, seconds with decimals (which RFC 9110 does not know but
// vendors send), or an HTTP date. A date is counted from date, the Date header of the same response, so that the
// clocks need not agree; from now when that is missing or no date. A date in the past is 0; more than a week
// ([MaxAfter]) is a week. It reports false for a value that is missing, negative or nothing known.
func RetryAfter(value, date string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if s, ok := decimal(value); ok {
		return bounded(s), true
	}
	at, ok := httpDate(value)
	if !ok {
		return 0, false
	}
	if sent, ok := httpDate(strings.TrimSpace(date)); ok {
		now = sent
	}
	return bounded(at.Sub(now).Seconds()), true
}

// decimal reads digits with an optional fraction and nothing else: no sign, exponent, Inf or NaN.
func decimal(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789.") != "" || s[0] == '.' {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func bounded(seconds float64) time.Duration {
	return time.Duration(min(max(seconds, 0), MaxAfter) * float64(time.Second))
}

// httpDate reads the three forms of RFC 9110 section 5.6.7, all of them in UTC.
func httpDate(s string) (time.Time, bool) {
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
