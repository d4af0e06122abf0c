package sdk

import (
	"strconv"
	"strings"
	"time"

	"patchbay/abi"
)

// RetryAfter reads the Retry-After header: seconds, seconds with decimals (which RFC 9110 does not know but
// vendors send), or an HTTP date, counted from the response's own Date header, else from now. A date in the
// past is 0; more than a week is a week. It reports false when the header is missing or says nothing known.
func (r *Response) RetryAfter() (time.Duration, bool) {
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if d, ok := seconds(value); ok {
		return bounded(d), true
	}
	at, ok := httpDate(value)
	if !ok {
		return 0, false
	}
	now, ok := httpDate(strings.TrimSpace(r.Header.Get("Date")))
	if !ok {
		now = time.Now()
	}
	return bounded(at.Sub(now).Seconds()), true
}

// seconds reads digits with an optional fraction and nothing else: no sign, exponent, Inf or NaN.
func seconds(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789.") != "" || s[0] == '.' {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func bounded(seconds float64) time.Duration {
	return time.Duration(min(max(seconds, 0), abi.MaxAfter) * float64(time.Second))
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
