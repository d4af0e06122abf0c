package documents

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
)

// document is a README, as far as the rules read it.
type document struct {
	raw   string
	text  string // in lower case
	prose []line // all but code blocks
	heads []heading
	links []link
}

type line struct {
	number int
	text   string
}

type heading struct {
	line
	level int
}

type link struct {
	number int
	text   string
	target string
	image  bool
}

func (l line) place() string { return fmt.Sprintf("README.md:%d", l.number) }
func (l link) place() string { return fmt.Sprintf("README.md:%d", l.number) }

var (
	fence     = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	atx       = regexp.MustCompile(`^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$`)
	inline    = regexp.MustCompile(`(!?)\[([^\]]*)\]\(\s*<?([^)\s>]*)>?[^)]*\)`)
	reference = regexp.MustCompile(`^ {0,3}\[([^\]]+)\]:\s*<?([^\s>]+)`)
	autolink  = regexp.MustCompile(`(?:^|[\s(<])((?:https?|ftp)://[^\s)>\]]+)`)
	attribute = regexp.MustCompile(`(?i)\b(?:href|src)\s*=\s*["']?([^"'\s>]+)`)
)

// parse reads Markdown as far as headings, links and code blocks go.
func parse(data []byte) document {
	d := document{raw: string(data), text: strings.ToLower(string(data))}
	open := "" // the fence of the code block that a line is in
	for i, text := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		m := fence.FindStringSubmatch(text)
		switch {
		case m != nil && open == "":
			open = m[1]
		case m != nil && strings.HasPrefix(m[1], open):
			open = ""
		case open == "" && !strings.HasPrefix(text, "    ") && !strings.HasPrefix(text, "\t"):
			d.read(line{i + 1, text})
		}
	}
	return d
}

func (d *document) read(l line) {
	d.prose = append(d.prose, l)
	if m := atx.FindStringSubmatch(l.text); m != nil {
		d.heads = append(d.heads, heading{line{l.number, m[2]}, len(m[1])})
	}
	for _, m := range inline.FindAllStringSubmatch(l.text, -1) {
		d.links = append(d.links, link{l.number, m[2], m[3], m[1] == "!"})
	}
	if m := reference.FindStringSubmatch(l.text); m != nil {
		d.links = append(d.links, link{number: l.number, text: m[1], target: m[2]})
	}
	for _, m := range autolink.FindAllStringSubmatch(inline.ReplaceAllString(l.text, ""), -1) {
		d.links = append(d.links, link{number: l.number, text: m[1], target: m[1]})
	}
	for _, m := range attribute.FindAllStringSubmatch(l.text, -1) {
		d.links = append(d.links, link{number: l.number, text: m[1], target: m[1]})
	}
}

// headings returns those of a level.
func (d document) headings(level int) (all []heading) {
	for _, h := range d.heads {
		if h.level == level {
			all = append(all, h)
		}
	}
	return all
}

// headed reports whether a heading below the first has one of the words.
func (d document) headed(words []string) bool {
	for _, h := range d.heads {
		for _, w := range words {
			if h.level > 1 && strings.Contains(strings.ToLower(h.text), w) {
				return true
			}
		}
	}
	return false
}

// says reports whether one of the words is anywhere.
func (d document) says(words ...string) bool {
	for _, w := range words {
		if strings.Contains(d.text, w) {
			return true
		}
	}
	return false
}

// mentions reports whether a name is there as a whole word.
func (d document) mentions(name string) bool {
	return hasWord(d.text, strings.ToLower(name))
}

// presents reports whether an operation is there, by its name or title as they are written. A product of almost the
// same name, SuiteQL beside suiteql, is not the operation.
func (d document) presents(name, title string) bool {
	return hasWord(d.raw, name) || hasWord(d.raw, title)
}

func hasWord(text, word string) bool {
	if word == "" {
		return false
	}
	found, err := regexp.MatchString(`(^|[^A-Za-z0-9_])`+regexp.QuoteMeta(word)+`($|[^A-Za-z0-9_])`, text)
	return err == nil && found
}

// introduces reports whether an auth method is named. Where most others are written as code, a word that may mean
// anything is not enough: "application" is in many a sentence.
func (d document) introduces(all []manifest.AuthMethod, a manifest.AuthMethod) bool {
	code := inCode(d.text)
	n := 0
	for _, m := range all {
		if slices.Contains(code, strings.ToLower(m.ID)) {
			n++
		}
	}
	if slices.Contains(code, strings.ToLower(a.ID)) || 2*n < len(all) || n == 0 {
		return d.mentions(a.ID) || d.mentions(a.Title)
	}
	return strings.Contains(a.Title, " ") && d.mentions(a.Title)
}
