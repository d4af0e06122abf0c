package cases

import (
	"fmt"
	"strings"

	"golang.org/x/tools/txtar"
)

// Expecting is the text of the case's file with another expectation, and how that differs from the one before. Nothing
// else in the text changes. Of a fault only what the case looks at is expected.
func (k *Case) Expecting(want Want, text []byte) (changed []byte, diff string, err error) {
	if want.Fault != nil && k.Want.Fault != nil {
		f := *want.Fault
		if k.Want.Fault.Field == "" {
			f.Field = ""
		}
		if k.Want.Fault.Message == "" {
			f.Message = ""
		}
		want.Fault = &f
	}
	data, err := want.format()
	if err != nil {
		return nil, "", err
	}
	archive := txtar.Parse(text)
	for i, f := range archive.Files {
		if f.Name == k.Want.File {
			archive.Files[i] = txtar.File{Name: want.File, Data: append(data, '\n')}
			diff = compareLines(heading(f.Name)+string(Pretty(f.Data)), heading(want.File)+string(data))
		}
	}
	changed = txtar.Format(archive)
	if _, err := Parse(k.Name, changed); err != nil {
		return nil, "", fmt.Errorf("what it gives cannot be written as a case: %w", err)
	}
	return changed, diff, nil
}

func heading(name string) string { return "-- " + name + " --\n" }

// context is how many equal lines are shown around others.
const context = 2

// compareLines shows what went from a text with "-" and what came with "+", and a few lines around them.
func compareLines(was, is string) string {
	a, b := strings.Split(strings.TrimSpace(was), "\n"), strings.Split(strings.TrimSpace(is), "\n")
	common := longest(a, b)
	var all []string
	changed := map[int]bool{}
	add := func(mark, line string) {
		if mark != " " {
			changed[len(all)] = true
		}
		all = append(all, mark+" "+line)
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			add(" ", a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			add("-", a[i])
			i++
		default:
			add("+", b[j])
			j++
		}
	}
	return strings.Join(around(all, changed), "\n")
}

// mostPairs is how many pairs of lines are compared: of texts that have more, the first lines that differ go, or come.
const mostPairs = 4 << 20

// longest says for every two places how many lines the rest behind them have in common, in their order.
func longest(a, b []string) [][]int {
	common := make([][]int, len(a)+1)
	if (len(a)+1)*(len(b)+1) > mostPairs {
		none := make([]int, len(b)+1)
		for i := range common {
			common[i] = none
		}
		return common
	}
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	return common
}

// around leaves out lines that are far from every change.
func around(lines []string, changed map[int]bool) (out []string) {
	for i, line := range lines {
		near := false
		for d := -context; d <= context; d++ {
			near = near || changed[i+d]
		}
		switch {
		case near:
			out = append(out, line)
		case len(out) > 0 && out[len(out)-1] != "  ...":
			out = append(out, "  ...")
		}
	}
	return out
}
