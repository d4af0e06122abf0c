package guesttest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// publish logs the findings and, if the environment names a file, writes them there.
func publish(t *testing.T, findings []Finding) {
	t.Helper()
	table := Summary(findings) + "\n" + Table(findings)
	t.Logf("%d attacks\n%s", len(findings), table)
	path := os.Getenv("PATCHBAY_ATTACKS")
	if path == "" {
		return
	}
	if err := os.WriteFile(path, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}

// Summary returns a table in Markdown with a row for each class of attacks, in the corpus's order: of times and
// memory the worst.
func Summary(findings []Finding) string {
	var b strings.Builder
	b.WriteString("| class | attacks | modules | verdicts | late | pause | memory |\n|---|--:|--:|---|--:|--:|--:|\n")
	for len(findings) > 0 {
		class := findings[0].Attack.Class
		n := slices.IndexFunc(findings, func(f Finding) bool { return f.Attack.Class != class })
		if n < 0 {
			n = len(findings)
		}
		b.WriteString(classRow(class, findings[:n]))
		findings = findings[n:]
	}
	return b.String()
}

func classRow(class string, findings []Finding) string {
	var seen []Verdict
	modules, memory := 0, int64(0)
	late, pause := time.Duration(0), time.Duration(0)
	for _, f := range findings {
		modules += f.Modules
		late, pause, memory = max(late, f.late()), max(pause, f.Pause), max(memory, f.Memory)
		for _, v := range f.Verdicts {
			if !slices.Contains(seen, v) {
				seen = append(seen, v)
			}
		}
	}
	return fmt.Sprintf("| %s | %d | %d | %s | %s | %s | %d MiB |\n",
		class, len(findings), modules, verdicts(seen), inMillis(late), inMillis(pause), memory>>20)
}

// late is how long after its limit the longest call ended.
func (f Finding) late() time.Duration {
	limit := f.Attack.Limits.Wall
	if limit == 0 {
		limit = attackWall
	}
	return max(0, f.Call-limit)
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
