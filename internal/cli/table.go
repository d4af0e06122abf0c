package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"patchbay/internal/printable"
)

// Table writes rows in aligned columns under a header in capitals.
func Table(w io.Writer, header []string, rows [][]string) {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ToUpper(strings.Join(header, "\t")))
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, cell := range r {
			cells[i] = Clean(cell)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	tw.Flush()
}

// CleanLines is [Clean] for text of several lines, none of which is a command to the runner of a CI job.
func CleanLines(text string) string { return printable.Log(text) }

// WriteJSON writes a JSON document with indentation and a line feed. Characters that [Clean] would take out are
// escaped, so that the document stays the same and the terminal unharmed.
func WriteJSON(w io.Writer, data json.RawMessage) {
	pretty, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		pretty = data
	}
	w.Write(append(printable.JSON(pretty), '\n'))
}

// Clean makes text from strangers fit for a terminal: control and direction-changing characters and separators
// of lines, with which it could repaint the screen or hide what it says, become spaces.
func Clean(text string) string { return printable.Clean(text) }
