package guesttest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// publish logs the findings and, if the environment names a file, writes them there.
func publish(t *testing.T, findings []Finding) {
	t.Helper()
	table := Table(findings)
	t.Logf("%d attacks\n%s", len(findings), table)
	path := os.Getenv("PATCHBAY_ATTACKS")
	if path == "" {
		return
	}
	if err := os.WriteFile(path, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}

// Table returns findings as a table in Markdown: a row for each attack, in the corpus's order.
func Table(findings []Finding) string {
	var b strings.Builder
	b.WriteString("| attack | verdict | load | call | pause | memory |\n|---|---|--:|--:|--:|--:|\n")
	for _, f := range findings {
		name := f.Attack.Name
		if f.Modules > 1 {
			name += fmt.Sprintf(" (%d modules)", f.Modules)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d MiB |\n", cell(name), cell(verdicts(f.Verdicts)), inMillis(f.Load), inMillis(f.Call), inMillis(f.Pause), f.Memory>>20)
	}
	return b.String()
}

func verdicts(seen []Verdict) string {
	names := make([]string, len(seen))
	for i, v := range seen {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

// cell is text that does not end its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func inMillis(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
