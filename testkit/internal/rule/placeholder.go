package rule

import "regexp"

// leftOver is what templates and authors in a hurry leave in texts.
var leftOver = regexp.MustCompile(`(?i)\b(todo|fixme|xxx+|tbd|lorem ipsum|replace (this|me)|(your|insert|add|enter) [a-z -]{1,30} here|change ?me|placeholder|coming soon|description goes here|my (connector|app|action))\b|\{\{.*?\}\}|<(your|insert|name)[^>]*>`)

// Placeholder returns what in a text is left over from a template, and "" for nothing.
func Placeholder(text string) string { return leftOver.FindString(text) }
