package report

import (
	"fmt"
	"io"
)

// Format is a way to write a report.
type Format string

// ParseFormat reads a format's name.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "text", "json":
		return f, nil
	}
	return "", fmt.Errorf("%q: want text or json", name)
}

// Write writes the report.
func (r *Report) Write(w io.Writer, f Format, _ []Rule) error {
	if f == "json" {
		b, err := r.JSON()
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	}
	for _, x := range r.Findings {
		fmt.Fprintln(w, x)
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", r.Connector, r.Verdict)
	return err
}
