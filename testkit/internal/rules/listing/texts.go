package listing

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var texts = []rule.Rule{
	eachText(report.Rule{
		ID: "M014", Title: "No text is left over from a template", Severity: report.Warning,
		Rationale: "\"Replace this\" in a published listing says that nobody has looked at it.",
		Fix:       "write what the reader wants to know there",
		Origin:    "n8n no-template-placeholders, VS Code README template text",
	}, func(t rule.Text) string { return rule.Placeholder(t.Text) }),
	eachText(report.Rule{
		ID: "M015", Title: "Texts are clean", Severity: report.Warning,
		Rationale: "Emoji, invisible characters, markup and stray spaces look different in every page that shows them.",
		Fix:       "write plain sentences: no emoji, no HTML, no doubled or outer spaces",
		Origin:    "n8n no-emoji-in-options and trimmed texts, Power Platform ValueMustBeInEnglish",
	}, untidy),
	eachText(report.Rule{
		ID: "M016", Title: "No text holds a dangerous address", Severity: report.Error,
		Rationale: "Pages make links of addresses; javascript: and data: ones run in the reader's session.",
		Fix:       "use https:// addresses only",
		Origin:    "Zapier D025",
	}, func(t rule.Text) string { return dangerous.FindString(t.Text) }),
	eachText(report.Rule{
		ID: "M017", Title: "Links in texts are https", Severity: report.Warning,
		Rationale: "A reader who follows a plain link can be sent elsewhere by anybody on the way.",
		Fix:       "link to the https:// address",
		Origin:    "Zapier D008, VS Code badge links",
	}, func(t rule.Text) string { return plainLink.FindString(t.Text) }),
	eachSentence(report.Rule{
		ID: "M018", Title: "Descriptions are sentences", Severity: report.Note,
		Rationale: "They are read alone, in a form, by people and by agents.",
		Fix:       "begin with a capital letter or a figure and end with a full stop",
		Origin:    "Power Platform full sentences with punctuation",
	}, unfinished),
	mixed,
}

// eachText makes a rule that looks at every text; what it is told to find is shown as evidence.
func eachText(r report.Rule, look func(rule.Text) string) rule.Rule {
	return eachSentence(r, func(t rule.Text) string {
		if what := look(t); what != "" {
			return fmt.Sprintf("it has %q", what)
		}
		return ""
	})
}

// eachSentence is eachText for what says itself what is wrong.
func eachSentence(r report.Rule, look func(rule.Text) string) rule.Rule {
	return rule.Look(r, func(s *rule.Subject, found rule.Found) {
		for _, t := range s.Texts() {
			if what := look(t); what != "" {
				found(t.Place, "%q: %s", clip(t.Text), what)
			}
		}
	})
}

var (
	dangerous = regexp.MustCompile(`(?i)\b(javascript|vbscript|data|file)\s*:[^\s]`)
	plainLink = regexp.MustCompile(`(?i)\bhttp://[^\s)]*`)
	markup    = regexp.MustCompile(`(?i)</?[a-z][a-z0-9]*(\s[^<>]*)?/?>`)
)

func untidy(t rule.Text) string {
	for _, r := range t.Text {
		if unicode.Is(unicode.So, r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' || r == unicode.ReplacementChar {
			return string(r)
		}
	}
	switch {
	case strings.TrimSpace(t.Text) != t.Text:
		return " "
	case strings.Contains(t.Text, "  "):
		return "  "
	}
	return markup.FindString(t.Text)
}

func unfinished(t rule.Text) string {
	inSchema := strings.Contains(t.Place, "/input/") || strings.Contains(t.Place, "/output/") // where a list of values is a description too
	if t.Key == "title" || inSchema || len(t.Text) < 25 {
		return ""
	}
	if first, _ := utf8.DecodeRuneInString(t.Text); unicode.IsLower(first) {
		return fmt.Sprintf("it begins with %q", string(first))
	}
	if last, _ := utf8.DecodeLastRuneInString(t.Text); !strings.ContainsRune(".!?:)。！？", last) {
		return fmt.Sprintf("it ends with %q", string(last))
	}
	return ""
}

// clip cuts a text to what a person reads in a list.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
