package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"patchbay/internal/printable"
)

// column is where prose is wrapped: the report is read in terminals of 80 columns and in logs.
const column = 80

// text writes the report from the least to the most important: what stays on the screen are errors and verdict.
func (r *Report) text(rules []Rule, at Source) []byte {
	var b bytes.Buffer
	r.textHead(&b)
	r.textFamilies(&b)
	r.textFigures(&b)
	r.textCases(&b)
	r.textSkipped(&b, rules)
	for _, s := range []Severity{Note, Warning, Error} {
		r.textFindings(&b, s, rules, at)
	}
	fmt.Fprintf(&b, "%s  %s: %s\n", strings.ToUpper(string(r.Verdict)), printable.Words(r.Connector), r.summary())
	return []byte(printable.Log(b.String()))
}

func (r *Report) textHead(w io.Writer) {
	fmt.Fprintf(w, "certification of %s\n", printable.Words(r.Connector))
	for _, line := range [][2]string{
		{"bundle", r.Bundle},
		{"before", r.Previous},
		{"rule set", r.RuleSet},
		{"only", strings.Join(r.Only, ", ")},
		{"host", r.Host + ", hardener " + r.Hardener},
	} {
		labelled(w, 0, 9, line[0], printable.Words(line[1])) // a digest fits beside its label
	}
	fmt.Fprintln(w)
}

func (r *Report) textFamilies(w io.Writer) {
	var rows [][]string
	for _, f := range r.Families {
		rows = append(rows, []string{f.ID + " " + f.Title, fmt.Sprintf("%d of %d", f.Kept(), f.Rules), some(f.Errors), some(f.Warnings), some(f.Notes)})
	}
	table(w, "FAMILY\tRULES KEPT\tERRORS\tWARNINGS\tNOTES", rows)
}

func (r *Report) textFigures(w io.Writer) {
	var rows [][]string
	for _, f := range r.Figures {
		rows = append(rows, []string{f.Operation, thousands(f.Fuel), size(f.Memory), fmt.Sprint(f.HTTPCalls), wait(f.Wall), fmt.Sprint(f.Faults)})
	}
	table(w, "OPERATION\tFUEL\tMEMORY\tREQUESTS\tWAITS\tFAULTS TRIED", rows)
}

// textCases names the cases that fail: those that pass are a number.
func (r *Report) textCases(w io.Writer) {
	if len(r.Cases) == 0 {
		return
	}
	var failed []Case
	for _, c := range r.Cases {
		if !c.OK {
			failed = append(failed, c)
		}
	}
	fmt.Fprintf(w, "CASES  %d of %d pass\n", len(r.Cases)-len(failed), len(r.Cases))
	for _, c := range failed {
		fmt.Fprintf(w, "  %s  %s\n", printable.Words(c.Name), printable.Words(c.Operation))
		paragraph(w, "reason:", c.Reason)
	}
	fmt.Fprintln(w)
}

func (r *Report) textSkipped(w io.Writer, rules []Rule) {
	if len(r.Skipped) == 0 {
		return
	}
	fmt.Fprintln(w, "SKIPPED BY THE AUTHOR")
	for _, s := range r.Skipped {
		rule, _ := find(rules, s.Rule)
		fmt.Fprintf(w, "  %s  %s\n", printable.Words(s.Rule), printable.Words(rule.Title))
		paragraph(w, "reason:", s.Reason)
	}
	fmt.Fprintln(w)
}

func (r *Report) textFindings(w io.Writer, s Severity, rules []Rule, at Source) {
	if n := r.Count(s); n > 0 {
		fmt.Fprintln(w, strings.ToUpper(count(n, string(s))))
	}
	for _, f := range r.Findings {
		if f.Severity == s {
			textFinding(w, f, rules, at)
		}
	}
}

func textFinding(w io.Writer, f Finding, rules []Rule, at Source) {
	rule, _ := find(rules, f.Rule)
	fmt.Fprintf(w, "  %s  %s\n", printable.Words(f.Rule), printable.Words(cmp.Or(at.show(f.Place), "connector")))
	paragraph(w, "rule:", rule.Title)
	paragraph(w, "seen:", f.Evidence)
	paragraph(w, "fix:", f.Fix)
	if f.Reproduce != "" { // a command is not wrapped, so that it can be copied
		fmt.Fprintf(w, "    %-11s%s\n", "reproduce:", printable.Words(at.command(f.Reproduce)))
	}
	fmt.Fprintln(w)
}

// paragraph writes a label and text beside it, below a finding.
func paragraph(w io.Writer, label, text string) { labelled(w, 4, 11, label, text) }

// labelled writes a label of a width and wrapped text beside it, all indented. Lines of the text stay lines; no text,
// no label.
func labelled(w io.Writer, indent, width int, label, text string) {
	if printable.Words(text) == "" {
		return
	}
	for _, line := range strings.Split(printable.Lines(strings.TrimRight(text, "\n")), "\n") {
		for _, part := range wrap(line, column-indent-width) {
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%*s%-*s%s", indent, "", width, label, part), " "))
			label = ""
		}
	}
}

// wrap breaks a line between words. A longer word, such as a URL, stays whole.
func wrap(line string, width int) []string {
	if len(line) <= width {
		return []string{line} // with its own spaces: it may be a table or code
	}
	var lines []string
	for _, word := range strings.Fields(line) {
		last := len(lines) - 1
		if last < 0 || len(lines[last])+1+len(word) > width {
			lines = append(lines, word)
			continue
		}
		lines[last] += " " + word
	}
	return lines
}

// table writes rows in columns; a table without rows is not written.
func table(w io.Writer, header string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, header)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable.Words(cell)
		}
		fmt.Fprintln(tw, "  "+strings.Join(row, "\t")) // at the margin are words of ours alone
	}
	tw.Flush()
	fmt.Fprintln(w)
}

// some is a number, and nothing for zero: what is not there does not draw the eye.
func some(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
