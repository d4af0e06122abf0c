package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// count is "1 error", "2 errors", "no errors".
func count(n int, one string) string {
	switch n {
	case 0:
		return "no " + one + "s"
	case 1:
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// summary counts the findings in words.
func (r *Report) summary() string {
	parts := []string{count(r.Count(Error), "error"), count(r.Count(Warning), "warning"), count(r.Count(Note), "note")}
	if n := len(r.Skipped); n > 0 {
		parts = append(parts, count(n, "rule")+" skipped")
	}
	return strings.Join(parts, ", ")
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes bytes in KiB or MiB.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// wait writes a duration to the millisecond.
func wait(d time.Duration) string {
	return d.Round(time.Millisecond).String()
}
