package quota

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	longestPause = 24 * time.Hour
	biggest      = 1_000_000_000 // of a number in a header; more counts as so many
)

// released reads an answer.
func released(at instant, b Bucket, status int, header http.Header) change {
	c := change{at: at, cost: 1, left: -1, served: served(status)}
	if cost, ok := number(value(header, b.CostHeader)); ok {
		c.cost = max(1, ceil(cost))
	}
	if left, ok := number(value(header, b.RemainingHeader)); ok {
		c.left = int(left)
	}
	if reset, ok := resetTime(value(header, b.ResetHeader), at); ok {
		c.reset = min(reset, at.add(longestPause))
	}
	return c
}

// served says whether an answer shows that the vendor has capacity.
func served(status int) bool {
	return 0 < status && status < 500 && status != http.StatusTooManyRequests
}

func value(header http.Header, name string) string {
	if name == "" {
		return ""
	}
	return strings.TrimSpace(header.Get(name))
}

// number reads a plain number that is not negative, such as 12 or 0.5.
func number(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return min(f, biggest), err == nil
}

func ceil(f float64) int {
	n := int(f)
	if float64(n) < f {
		n++
	}
	return n
}

// resetTime reads when a limit is full again: seconds from at, seconds or milliseconds since 1970, or an HTTP date.
func resetTime(s string, at instant) (instant, bool) {
	if t, err := http.ParseTime(s); err == nil {
		return instant(t.UnixMicro()), true
	}
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || f >= 1e15:
		return 0, false
	case f < 1e9:
		return at + instant(f*1e6), true
	case f < 1e11:
		return instant(f * 1e6), true
	}
	return instant(f * 1e3), true
}
