package listing

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// honest are the rules about what texts make of their readers.
var honest = []rule.Rule{
	eachText(report.Rule{
		ID: "M031", Title: "No text gives orders to an agent", Severity: report.Warning,
		Rationale: "Agents read descriptions as they read their instructions: one that tells them what to do with others takes over somebody else's work.",
		Fix:       "say what the operation does, and leave to the reader when to use it",
		Origin:    "tool poisoning (OWASP Top 10 for LLM applications, prompt injection)",
	}, func(t rule.Text) string { return orders.FindString(t.Text) }),
	eachText(report.Rule{
		ID: "M032", Title: "Texts are in English", Severity: report.Warning,
		Rationale: "One marketplace has one language: a reader, a search and an agent find nothing in another.",
		Fix:       "write it in English",
		Origin:    "Zapier 5.7, Power Platform ValueMustBeInEnglish",
	}, func(t rule.Text) string { return foreign(t.Text) }),
	eachText(report.Rule{
		ID: "M033", Title: "No text advertises", Severity: report.Note,
		Rationale: "Praise says nothing of what a connector does, and is in the way of what does.",
		Fix:       "leave the word out, or say what is meant by it",
		Origin:    "Zapier 1.5 misleading descriptions, Terraform registry guidelines",
	}, func(t rule.Text) string { return praise.FindString(t.Text) }),
}

var orders = regexp.MustCompile(`(?i)\b(ignore|disregard|forget|override) (all |any |the )*(previous|prior|other|earlier|above|system)\b` +
	`|\b(always|only|first) (use|call|prefer|choose|run|invoke) this (tool|action|operation|connector|one)\b` +
	`|\b(before|instead of|in place of|rather than) (using |calling )?(any|every|all) other (one|tool|action|operation|connector)s?\b` +
	`|\b(do not|don't|never|without) (ask|asking|tell|telling|inform|informing|mention|mentioning|notify|notifying|show|showing|warn|warning) (this to )?(it |them )?(to )?(the |your )?(user|human|person|operator|anybody|anyone)\b` +
	`|\bdo not mention (it|this)\b|\bwithout (the user's |any )?(confirmation|consent)\b|\bsystem prompt\b|\byou are an? (ai|assistant|agent|helpful)\b|<(important|system|instructions?)>`)

var praise = regexp.MustCompile(`(?i)\b(best[- ]in[- ]class|world[- ]class|blazing(ly)?|lightning[- ]fast|cutting[- ]edge|state[- ]of[- ]the[- ]art|revolutionary|game[- ]chang(er|ing)|unparalleled|unmatched|effortless(ly)?|seamless(ly)?|supercharge|next[- ]gen(eration)?|industry[- ]leading|market[- ]leading|award[- ]winning|the (best|most powerful|leading|ultimate|number one))\b|#1\b`)

// others are words that hold the sentences of other languages together, and that English does not have.
var others = strings.Fields("der das und ist nicht ein eine einen einer eines dem den des aus mit für von oder wenn wird werden kann durch über auf bei nach zu zum zur sind als auch nur " +
	"le les des une est pas dans pour sur avec qui que ou sont cette aux du et " +
	"el los las una unos para por con que del está esta como sin más " +
	"il lo gli della delle di che sono questo questa " +
	"uma não ao das são " +
	"het een niet voor zijn wordt deze")

// foreign returns a word of a text that is in another language, or "".
func foreign(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
	letters, latin := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
		if unicode.Is(unicode.Latin, r) {
			latin++
		}
	}
	if letters > 3 && 2*latin < letters {
		return text
	}
	var strange []string
	for _, w := range words {
		if slices.Contains(others, w) {
			strange = append(strange, w)
		}
	}
	if len(strange) < 2 || 5*len(strange) < len(words) {
		return ""
	}
	return strange[0]
}
