package auth

import (
	"context"
	"net/http"
	"net/url"

	"patchbay/abi"
)

// Revoke gives the tokens back (RFC 7009), the refresh token first. It is best effort: an error says what the vendor may
// still accept. Without a revoke_url, or without tokens, there is nothing to do.
func (a *Auth) Revoke(ctx context.Context, acct Account) error {
	if acct.Method.RevokeURL == "" {
		return nil
	}
	_, _, r, err := a.load(ctx, acct.Connection)
	if err != nil {
		return err
	}
	endpoint, err := acct.url("revoke_url", acct.Method.RevokeURL)
	if err != nil {
		return err
	}
	for _, t := range []struct{ hint, token string }{{"refresh_token", r.Refresh}, {"access_token", r.Access}} {
		if t.token == "" {
			continue
		}
		if err := a.revoke(ctx, acct, endpoint, url.Values{"token": {t.token}, "token_type_hint": {t.hint}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) revoke(ctx context.Context, acct Account, endpoint string, form url.Values) error {
	var sign func(*http.Request) error
	if acct.Method.Grant != "jwt_bearer" {
		var err error
		if sign, err = a.client(acct, endpoint, form); err != nil {
			return err
		}
	}
	resp, err := a.send(ctx, acct, "the revocation endpoint", abi.Request{
		Method: "POST", URL: endpoint, Body: []byte(form.Encode()),
		Headers: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
	}, sign)
	if err != nil {
		return err
	}
	if resp.Status >= 400 {
		return abi.Faultf(abi.Unavailable, "the revocation endpoint answered with status %d: the vendor may still accept the tokens", resp.Status)
	}
	return nil
}
