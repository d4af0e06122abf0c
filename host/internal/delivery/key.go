package delivery

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"

	"patchbay/abi"
)

// stamp returns req with an idempotency key, where the route has one and the method calls for it, and whether req now
// carries a key. The guest's own request stays as it is, and so does a key that the guest has set.
func (rt *Route) stamp(req abi.Request) (abi.Request, bool) {
	if rt.IdempotencyHeader == "" || safe(req.Method) {
		return req, false
	}
	n := rt.writes.Add(1)
	for _, value := range header(req.Headers, rt.IdempotencyHeader) {
		if value != "" {
			return req, true
		}
	}
	if rt.IdempotencyKey == "" {
		return req, false
	}
	headers := maps.Clone(req.Headers)
	if headers == nil {
		headers = map[string][]string{}
	}
	headers[http.CanonicalHeaderKey(rt.IdempotencyHeader)] = []string{derive(rt.IdempotencyKey, n)}
	req.Headers = headers
	return req, true
}

// derive makes the key of the n-th write from the call's key. It has the form of a random UUID (version 4), because
// vendors are known to insist on that.
func derive(key string, n int64) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%d/%s", n, key))
	h[6] = h[6]&0x0f | 0x40
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// Idempotent reports whether making a request of that method twice does what making it once does (RFC 9110 section
// 9.2.2).
func Idempotent(method string) bool {
	return safe(method) || method == http.MethodPut || method == http.MethodDelete
}
