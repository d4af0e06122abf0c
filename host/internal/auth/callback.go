package auth

import (
	"errors"
	"net/url"
	"strings"
)

const maxCallback = 16 << 10 // bytes

// parseCallback reads the query of a callback. A whole URL must be the redirect URL, exactly. A parameter that decides
// anything is there once. The error quotes nothing.
func parseCallback(text, redirect string) (url.Values, error) {
	if len(text) > maxCallback {
		return nil, errors.New("is longer than 16 KiB")
	}
	query := strings.TrimPrefix(strings.TrimSpace(text), "?")
	if at := strings.Index(query, "://"); at >= 0 && !strings.ContainsAny(query[:at], "=&?") {
		base, rest, _ := strings.Cut(query, "?")
		if base != redirect {
			return nil, errors.New("came to another address than the redirect URL")
		}
		query = rest
	}
	query, _, _ = strings.Cut(query, "#")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("has a query that does not parse")
	}
	for _, list := range values {
		if len(list) > 1 {
			return nil, errors.New("has a parameter twice")
		}
		if strings.ContainsFunc(list[0], func(r rune) bool { return r < 0x20 || r == 0x7F }) {
			return nil, errors.New("has a parameter with a control character")
		}
	}
	return values, nil
}
