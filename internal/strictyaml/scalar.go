package strictyaml

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	// RFC 8259 section 6
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

	// What YAML 1.1 (https://yaml.org/type/int.html, float.html) or the core schema of YAML 1.2 calls a number.
	anyNumber = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|` +
		`[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|` +
		`[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?)$`)

	// https://yaml.org/type/bool.html, null.html and the special floats, in any case.
	otherWord = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|~|[-+]?\.inf|\.nan)$`)
)

// resolve gives plain text its type. It fails on text that readers take for different types.
func resolve(text string) (value any, message, fix string) {
	switch text {
	case "null":
		return nil, "", ""
	case "true", "false":
		return text == "true", "", ""
	}
	switch {
	case jsonNumber.MatchString(text):
		return number(text)
	case otherWord.MatchString(text):
		return nil, fmt.Sprintf("%s means different things to different readers", text), wordFix(text)
	case anyNumber.MatchString(text):
		return nil, fmt.Sprintf("%s is a number to some readers and text to others", short(text)),
			"quote it, or write the number in plain decimal digits"
	case strings.ContainsAny(text[:min(1, len(text))], "@`%"):
		return nil, fmt.Sprintf("plain text cannot begin with %s", text[:1]), "quote it"
	}
	return text, "", ""
}

func wordFix(text string) string {
	switch strings.ToLower(text) {
	case "y", "yes", "on", "true":
		return `write true, or "` + text + `" in quotes for the text`
	case "n", "no", "off", "false":
		return `write false, or "` + text + `" in quotes for the text`
	case "~", "null":
		return `write null, or "` + text + `" in quotes for the text`
	}
	return "there is no such number in JSON; quote it for the text"
}

func number(text string) (value any, message, fix string) {
	if len(text) > MaxNumber {
		return nil, fmt.Sprintf("a number of %d characters", len(text)), fmt.Sprintf("at most %d are read; quote it for the text", MaxNumber)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f == 0 && strings.ContainsAny(mantissa(text), "123456789") {
		return nil, fmt.Sprintf("%s does not fit into a 64-bit float", text), "quote it for the text"
	}
	return json.Number(text), "", ""
}

func mantissa(text string) string {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i]
	}
	return text
}

// short cuts text for a message.
func short(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return text
}
