package auth

import "strings"

// Given makes a set of tokens of those that somebody has already, by whatever way. Either may be empty: a refresh token
// alone is used for the first access token, and an access token alone has no known end.
func (a *Auth) Given(acct Account, access, refresh string) Tokens {
	r := record{Access: access, Refresh: refresh, Scope: strings.Join(acct.Method.Scopes, " ")}
	if acct.Method.Type == "exchange" {
		r.Values = map[string]string{"token": access}
	}
	return Tokens{r: r.since(a.cfg.Now())}
}

// Renews reports whether a token of the connection is renewed without a person.
func Renews(acct Account, secrets map[string]string) bool {
	r, err := readRecord(secrets)
	return err == nil && r.Reconnect == "" && canRenew(acct, r)
}
