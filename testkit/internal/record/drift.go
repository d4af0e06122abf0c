package record

import (
	"fmt"
	"mime"

	"patchbay/testkit/internal/cases"
)

// Difference is one thing that is no longer as it was recorded.
type Difference struct {
	Place string `json:"place"` // http/2.response
	What  string `json:"what"`  // /items/*/total was number, is string
}

// Drift compares a case with one that was made of the same call now: the requests, and the status and shape of answers
// and result. Values are not compared: they change every day.
func Drift(was, is *cases.Case) []Difference {
	all := []Difference{}
	say := func(place string, what ...string) {
		for _, w := range what {
			all = append(all, Difference{place, w})
		}
	}
	for i := range min(len(was.Exchanges), len(is.Exchanges)) {
		a, b := &was.Exchanges[i], &is.Exchanges[i]
		if what := a.Differs(b.Method, b.URL, map[string][]string(b.Header), b.Body); what != "" {
			say(a.Name+".request", what)
		}
		say(a.Name+".response", answers(a, b)...)
	}
	if a, b := len(was.Exchanges), len(is.Exchanges); a != b {
		say("http", fmt.Sprintf("the connector made %d requests, and makes %d", a, b))
	}
	say(was.Want.File, results(&was.Want, &is.Want)...)
	return all
}

func answers(was, is *cases.Exchange) (all []string) {
	if was.Status != is.Status {
		return []string{fmt.Sprintf("status was %d, is %d", was.Status, is.Status)}
	}
	if a, b := mediaType(was), mediaType(is); a != b {
		all = append(all, fmt.Sprintf("Content-Type was %q, is %q", a, b))
	}
	return append(all, drifted("", shapeOf(was.AnswerBody), shapeOf(is.AnswerBody))...)
}

func mediaType(x *cases.Exchange) string {
	value := x.Answer.Get("Content-Type")
	media, _, err := mime.ParseMediaType(value)
	if err != nil {
		return value
	}
	return media
}

func results(was, is *cases.Want) []string {
	switch {
	case was.File != is.File && is.Fault != nil:
		return []string{fmt.Sprintf("the call fails with %s: %s", is.Fault.Code, is.Fault.Message)}
	case was.File != is.File:
		return []string{"the call ends with " + is.File}
	case was.Fault != nil && was.Fault.Code != is.Fault.Code:
		return []string{fmt.Sprintf("fault code was %s, is %s", was.Fault.Code, is.Fault.Code)}
	case was.Fault != nil:
		return nil
	}
	return drifted("", shapeOf(was.Output), shapeOf(is.Output))
}
