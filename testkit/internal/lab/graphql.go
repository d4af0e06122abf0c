package lab

import "regexp"

// Mutation reports whether a request asks a GraphQL endpoint to change something.
func (r Request) Mutation() bool {
	body, _ := decode(r.Body).(map[string]any)
	document, _ := body["query"].(string)
	return mutation.MatchString(comment.ReplaceAllString(document, ""))
}

var (
	comment  = regexp.MustCompile(`#[^\n]*`)
	mutation = regexp.MustCompile(`(^|})\s*mutation\b`) // fragments may go before
)
