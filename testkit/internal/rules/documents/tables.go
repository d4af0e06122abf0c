package documents

import (
	"regexp"
	"strings"
)

// entry is a row of a table, or an item of a list, that begins with a name in code: | `get_order` | Reads an order. |
type entry struct {
	line
	name  string
	cells []string // the whole text of an item
	of    *block
}

// block is a table or a list.
type block struct {
	head    []string // the table's, in lower case
	entries []entry
}

var (
	leading   = regexp.MustCompile("^(?:\\*\\*)?`([^`]+)`")
	item      = regexp.MustCompile(`^ {0,3}[-*+] +(.*)$`)
	separator = regexp.MustCompile(`^\|?[\s:|-]+\|?$`)
	code      = regexp.MustCompile("`([^`]+)`")
)

// blocks are the tables and lists of a README, in its order.
func (d document) blocks() (all []*block) {
	var now *block
	kind := ""
	for _, l := range d.prose {
		is := shape(l.text)
		if is != kind && is != "more" || is == "" {
			now, kind = nil, is
		}
		if is != "row" && is != "item" {
			continue
		}
		if now == nil {
			now = &block{}
			all = append(all, now)
			if is == "row" {
				now.head = cells(strings.ToLower(l.text))
				continue
			}
		}
		now.add(l, is)
	}
	return all
}

// shape says what a line is: a row of a table, an item of a list, more of an item, or "".
func shape(text string) string {
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), "|"):
		return "row"
	case item.MatchString(text):
		return "item"
	case strings.HasPrefix(text, "  "):
		return "more"
	}
	return ""
}

func (b *block) add(l line, is string) {
	parts := cells(l.text)
	if is == "item" {
		parts = []string{item.FindStringSubmatch(l.text)[1]}
	}
	if m := leading.FindStringSubmatch(parts[0]); m != nil && !separator.MatchString(l.text) {
		b.entries = append(b.entries, entry{l, m[1], parts, b})
	} else if is == "row" && !separator.MatchString(l.text) {
		b.entries = append(b.entries, entry{l, "", parts, b})
	}
}

func cells(row string) []string {
	parts := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// column returns the cell under a head that has one of the words.
func (e entry) column(words ...string) string {
	for i, head := range e.of.head {
		for _, w := range words {
			if strings.Contains(head, w) && i < len(e.cells) {
				return e.cells[i]
			}
		}
	}
	return ""
}

// inCode are the texts in code of a cell.
func inCode(text string) (all []string) {
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
