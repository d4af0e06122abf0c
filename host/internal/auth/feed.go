package auth

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
)

// pick returns the text, number or boolean at a JSON pointer (RFC 6901).
func pick(v any, pointer string) (string, bool) {
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch parent := v.(type) {
		case map[string]any:
			v = parent[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(parent) || strconv.Itoa(i) != token {
				return "", false
			}
			v = parent[i]
		default:
			return "", false
		}
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// feeds returns the values for connection fields that a vendor gave. One may decide where credentials are sent, so it
// must be valid for its field as if a person had typed it. A value that the vendor left out stays as it is.
func (acct Account) feeds(body any, callback url.Values) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(acct.Method.Feeds)) {
		from := acct.Method.Feeds[name]
		v, ok := "", false
		if param, isCallback := strings.CutPrefix(from, "callback:"); isCallback {
			v, ok = callback.Get(param), callback.Has(param)
		} else if body != nil {
			v, ok = pick(body, from)
		}
		if !ok || v == "" {
			continue
		}
		if problem := acct.unfit(name, v); problem != "" {
			return nil, abi.Faultf(abi.Unauthorized, "the vendor's value for the field %s %s", name, problem)
		}
		if acct.shown(name) && slices.ContainsFunc(acct.hidden(body, callback), func(secret string) bool {
			return v == secret || len(secret) >= 8 && strings.Contains(v, secret)
		}) {
			return nil, abi.Faultf(abi.Forbidden, "the connector asks for a credential in the field %s, which it can read: do not use it, and tell its publisher", name)
		}
		values[name] = v
	}
	return values, nil
}

// shown reports whether a connector gets to see a field of the connection.
func (acct Account) shown(name string) bool {
	return !slices.ContainsFunc(acct.Declared, func(f manifest.Field) bool { return f.Name == name && f.Secret })
}

// hidden lists what an answer holds, and what was typed, that no connector gets to see.
func (acct Account) hidden(body any, callback url.Values) (list []string) {
	list = append(acct.secrets(), callback.Get("code"))
	fields, _ := body.(map[string]any)
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		list = append(list, str(fields[name]))
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// unfit says why a value does not fit a connection field, or nothing. It does not quote it.
func (acct Account) unfit(name, value string) string {
	for _, f := range acct.Declared {
		if f.Name == name {
			return unfit(f, value)
		}
	}
	return "is for no field of the connection"
}

func unfit(f manifest.Field, value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 || r == 0x7F }) {
		return "holds a control character"
	}
	switch f.Type {
	case "integer":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return "is not a whole number"
		}
	case "boolean":
		if value != "true" && value != "false" {
			return "is neither true nor false"
		}
	}
	if f.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`)
		if err != nil || !re.MatchString(value) {
			return "does not match the field's pattern"
		}
	}
	if len(f.Enum) == 0 {
		return ""
	}
	for _, v := range f.Enum {
		if fmt.Sprint(v) == value {
			return ""
		}
	}
	return "is not one of the field's values"
}
