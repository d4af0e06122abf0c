package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"patchbay/abi"
)

// Differs says how a request is not the one that was recorded, and "" if it is. u has no credential, which no case holds.
func (x *Exchange) Differs(method string, u *url.URL, header http.Header, body []byte) string {
	if method != x.Method {
		return fmt.Sprintf("method %s, want %s (%s)", method, x.Method, x.URL)
	}
	if got, want := bare(u), bare(x.URL); got != want {
		return fmt.Sprintf("URL %s, want %s", got, want)
	}
	if query, want := u.Query(), x.URL.Query(); !reflect.DeepEqual(query, want) {
		return fmt.Sprintf("query %q, want %q", query.Encode(), want.Encode())
	}
	for _, name := range slices.Sorted(maps.Keys(x.Header)) {
		if got, want := header.Values(name), x.Header[name]; !slices.Equal(got, want) {
			return fmt.Sprintf("header %s is %q, want %q", name, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	if !sameBody(body, x.Body) {
		return fmt.Sprintf("body is\n%s\nwant\n%s", clip(body), clip(x.Body))
	}
	return ""
}

// bare is u without its query.
func bare(u *url.URL) string {
	v := *u
	v.RawQuery, v.ForceQuery = "", false
	return v.String()
}

func sameBody(got, want []byte) bool {
	if errors.Join(abi.CheckJSON(got), abi.CheckJSON(want)) != nil {
		return bytes.Equal(got, want)
	}
	var g, w any
	return errors.Join(unmarshal(got, &g), unmarshal(want, &w)) == nil && reflect.DeepEqual(g, w)
}

// unmarshal keeps numbers as they are written.
func unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// clip cuts a body to what a person reads.
func clip(b []byte) []byte {
	const max = 2000
	if len(b) > max {
		return append(bytes.Clone(b[:max]), "..."...)
	}
	return b
}
