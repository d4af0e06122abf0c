package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"patchbay/internal/virtual"
	"patchbay/testkit/internal/cases"
)

// mostProperties is how many properties of one answer are changed: those nearest to its root, and in each array those of
// the first element.
const mostProperties = 20

// extra is a success with more than is known.
func extra(x *cases.Exchange) Mishap {
	m := Mishap{Kind: Extra, Does: "adds a property that was never there to every object of its answer"}
	return m.alters(x, encode(extended(decode(x.AnswerBody))))
}

// changed are successes in which one property is missing, null, or of another type, or an id is large.
func changed(x *cases.Exchange, kind Kind) []Mishap {
	wanted := func(string, any) bool { return true }
	if kind == Large {
		wanted = func(p string, was any) bool { return isID(p) && (isInteger(was) || isDigits(was)) }
	}
	var all []Mishap
	for _, p := range properties(decode(x.AnswerBody), mostProperties, wanted) {
		body := decode(x.AnswerBody)
		was, _ := at(body, p)
		m := Mishap{Kind: kind, Pointer: p}
		switch {
		case kind == Missing:
			m.Does = "leaves out " + p
			body = drop(body, p)
		case was == nil:
			continue
		case kind == Large && isDigits(was):
			m.Does = fmt.Sprintf("answers %q for %s", LargeText, p)
			body = put(body, p, quote(LargeText))
		default:
			value := map[Kind]json.RawMessage{Null: json.RawMessage("null"), Retyped: otherType(was), Large: json.RawMessage(LargeID)}[kind]
			m.Does = fmt.Sprintf("answers %s for %s", value, p)
			body = put(body, p, value)
		}
		all = append(all, m.alters(x, encode(body)))
	}
	return all
}

// headless are successes without one of the headers of their own.
func headless(x *cases.Exchange) []Mishap {
	var all []Mishap
	for _, name := range slices.Sorted(maps.Keys(x.Answer)) {
		if x.Status/100 != 2 || name == "Content-Type" {
			continue
		}
		all = append(all, Mishap{
			Kind: Missing, Pointer: "header " + name, Does: "leaves out the header " + name, Status: x.Status,
			answer: func(_ context.Context, _ *virtual.Clock, x *cases.Exchange) (*http.Response, error) {
				resp := response(x.Status, http.Header(x.Answer), x.AnswerBody)
				resp.Header.Del(name)
				return resp, nil
			},
		})
	}
	return all
}

func isID(pointer string) bool {
	name := strings.ToLower(pointer[strings.LastIndexByte(pointer, '/')+1:])
	return name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(pointer, "Id")
}

func isInteger(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	_, err := strconv.ParseInt(n.String(), 10, 64)
	return err == nil
}

// isDigits reports whether v is a text that a guest may take for a number.
func isDigits(v any) bool {
	text, ok := v.(string)
	return ok && text != "" && strings.Trim(text, "0123456789") == ""
}

// otherType is a value of a type that nobody would expect in the place of v.
func otherType(v any) json.RawMessage {
	switch v.(type) {
	case json.Number, bool:
		return quote("many")
	case string:
		return json.RawMessage(`{"` + Marker + `":[]}`)
	}
	return json.RawMessage("7")
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of what has been decoded
	}
	return b
}

func quote(s string) json.RawMessage { return encode(s) }
