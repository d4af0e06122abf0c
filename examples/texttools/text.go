package main

import (
	"strings"
	"unicode/utf8"

	"patchbay/sdk"
)

type slugInput struct {
	Text      string `json:"text"`
	MaxLength int    `json:"max_length"`
}

type slug struct {
	Slug string `json:"slug"`
}

const slugLength = 80 // the manifest's default; the host does not fill in defaults

// plain spells the accented letters of Western Europe without accents.
var plain = strings.NewReplacer("ä", "a", "à", "a", "á", "a", "â", "a", "å", "a", "ã", "a", "æ", "ae", "ç", "c", "é", "e", "è", "e",
	"ê", "e", "ë", "e", "í", "i", "ì", "i", "î", "i", "ï", "i", "ñ", "n", "ö", "o", "ò", "o", "ó", "o", "ô", "o", "õ", "o",
	"ø", "o", "œ", "oe", "ß", "ss", "ü", "u", "ù", "u", "ú", "u", "û", "u", "ÿ", "y")

func makeSlug(in slugInput) (slug, error) {
	limit := in.MaxLength
	if limit == 0 {
		limit = slugLength
	}
	words := strings.FieldsFunc(plain.Replace(strings.ToLower(in.Text)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	s := strings.Join(words, "-") // ASCII, so that a cut splits no character
	if len(s) > limit {
		s = strings.TrimRight(s[:limit], "-")
	}
	return slug{s}, nil
}

type textInput struct {
	Text string `json:"text"`
}

type counts struct {
	Characters int `json:"characters"`
	Words      int `json:"words"`
	Lines      int `json:"lines"`
}

func countText(in textInput) (counts, error) {
	lines := strings.Count(in.Text, "\n")
	if in.Text != "" && !strings.HasSuffix(in.Text, "\n") {
		lines++
	}
	return counts{utf8.RuneCountInString(in.Text), len(strings.Fields(in.Text)), lines}, nil
}

type templateInput struct {
	Template string            `json:"template"`
	Values   map[string]string `json:"values"`
}

// fillTemplate reads the template once from left to right: braces in a value are not looked into.
func fillTemplate(in templateInput) (textInput, error) {
	var out strings.Builder
	rest := in.Template
	for {
		before, after, open := strings.Cut(rest, "{{")
		out.WriteString(before)
		if !open {
			return textInput{out.String()}, nil
		}
		name, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return textInput{}, sdk.Faultf(sdk.InvalidInput, "a name begins with {{ and is not closed; write }} behind it").At("/template")
		}
		name = strings.TrimSpace(name)
		value, ok := in.Values[name]
		if !ok {
			return textInput{}, sdk.Faultf(sdk.InvalidInput, "the template names %q, for which there is no value", name).At("/values")
		}
		out.WriteString(value)
		rest = tail
	}
}
