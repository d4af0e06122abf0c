package auth

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is what a token endpoint said (RFC 6749 section 5).
type answer struct {
	access, refresh, scope string
	life                   time.Duration // 0: not said
	code                   string        // error code; empty: a success
	body                   any           // the JSON document, for feeds
}

const maxToken = 16 << 10 // bytes

// longestLife is longer than any token's. What claims more has no known end.
const longestLife = 10 * 365 * 24 * time.Hour

// parseAnswer reads the body of a token endpoint, JSON or a form. The error never quotes it.
func parseAnswer(body []byte) (answer, error) {
	fields, err := parseFields(body)
	if err != nil {
		return answer{}, err
	}
	ans := answer{access: str(fields["access_token"]), refresh: str(fields["refresh_token"]), scope: scopeOf(fields["scope"]), body: any(fields)}
	if ans.access == "" {
		ans.code = str(fields["error"])
		if ans.code == "" {
			return answer{}, errors.New("holds no access_token")
		}
		return answer{code: ans.code}, nil
	}
	switch kind := strings.ToLower(str(fields["token_type"])); {
	case kind != "" && kind != "bearer" && kind != "bot" && kind != "user": // Slack names its bearer tokens so
		return answer{}, errors.New("holds a token that is not a bearer token")
	case !tokenText(ans.access) || ans.refresh != "" && !tokenText(ans.refresh):
		return answer{}, errors.New("holds a token with characters that a token does not have")
	}
	ans.life = lifeOf(fields["expires_in"])
	return ans, nil
}

func parseFields(body []byte) (map[string]any, error) {
	v, err := decode(body)
	if fields, ok := v.(map[string]any); err == nil && ok {
		return fields, nil
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil || form.Get("access_token") == "" && form.Get("error") == "" {
		return nil, errors.New("is neither JSON nor a form")
	}
	fields := map[string]any{}
	for name, values := range form {
		fields[name] = values[0]
	}
	return fields, nil
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// scopeOf reads scopes, which some vendors separate by commas or send as a list.
func scopeOf(v any) string {
	if list, ok := v.([]any); ok {
		var words []string
		for _, item := range list {
			words = append(words, str(item))
		}
		return strings.Join(words, " ")
	}
	return strings.Join(strings.FieldsFunc(str(v), func(r rune) bool { return r == ' ' || r == ',' }), " ")
}

// lifeOf reads expires_in, a number of seconds or, of some vendors, the text of one. 0: not said, or nonsense.
func lifeOf(v any) time.Duration {
	text := str(v)
	if n, ok := v.(json.Number); ok {
		text = n.String()
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > longestLife.Seconds() {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// tokenText reports whether s can be a token: visible ASCII, so that it can stand in a header.
func tokenText(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7E {
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxToken
}
