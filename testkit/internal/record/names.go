package record

import (
	"net/url"
	"slices"
	"strings"
)

// redacted stands in the place of a secret, here as in what the host has scrubbed.
const redacted = "[redacted]"

// escaped is redacted within a URL.
const escaped = "%5Bredacted%5D"

var (
	// secretNames are names of secrets, in lower case without what is neither letter nor digit.
	secretNames = []string{
		"token", "secret", "pwd", "passwd", "passcode", "cookie", "cookies", "session", "sid", "jwt", "bearer", "credentials",
		"auth", "sig", "otp", "assertion", "clientassertion", "codeverifier", "appkey",
	}
	// secretEnds are how longer ones end: "x-api-key", "newPassword".
	secretEnds = []string{
		"password", "passphrase", "secret", "secretkey", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken",
		"bearertoken", "securitytoken", "csrftoken", "xsrftoken", "apitoken", "apikey", "accesskey", "privatekey", "signingkey",
		"sessionid", "sessionkey", "setcookie", "authorization", "credential", "signature",
	}
)

// isSecret reports whether values of this name are secret: "access_token", "X-Api-Key", "client%5Fsecret".
func isSecret(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	name = plain(name)
	return slices.Contains(secretNames, name) ||
		slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(name, end) })
}

// plain is a name as the lists above have it.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// keptRequest reports whether a header of a request matters to the vendor, and is the same in every call.
func keptRequest(name string) bool {
	if isSecret(name) || slices.ContainsFunc([]string{"idempot", "requestid", "correlation", "trace"}, func(s string) bool { return strings.Contains(plain(name), s) }) {
		return false
	}
	switch name {
	case "Accept", "Accept-Language", "Content-Type", "Prefer", "If-Match", "If-None-Match":
		return true
	}
	return strings.HasPrefix(name, "X-") || strings.HasSuffix(name, "-Version")
}

// keptAnswer reports whether a header of an answer may matter to the connector or to the host.
func keptAnswer(name string) bool {
	switch name {
	case "Content-Type", "Location", "Link", "Retry-After", "Etag", "Last-Modified":
		return true
	}
	short := plain(name)
	return !isSecret(name) && slices.ContainsFunc([]string{"ratelimit", "page", "total", "count", "cursor", "next", "continuation"},
		func(s string) bool { return strings.Contains(short, s) })
}
