package auth

import (
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patchbay/abi"
)

const requestTime = 15 * time.Second

// ask sends a form to a token endpoint. A clear no of the vendor's is a [*refused]; every other error is a fault that
// says nothing about the tokens.
func (a *Auth) ask(ctx context.Context, acct Account, endpoint string, form url.Values, sign func(*http.Request) error) (answer, error) {
	r := abi.Request{
		Method: "POST", URL: endpoint, Body: []byte(form.Encode()),
		Headers: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	}
	resp, err := a.send(ctx, acct, "the token endpoint", r, sign)
	if err != nil {
		return answer{}, err
	}
	ans, err := parseAnswer(resp.Body)
	switch {
	case err == nil && ans.code != "":
		return answer{}, verdict(acct, "the token endpoint", resp.Status, ans.code)
	case resp.Status >= 400:
		return answer{}, verdict(acct, "the token endpoint", resp.Status, "")
	case err != nil:
		return answer{}, abi.Faultf(abi.Unavailable, "the token endpoint's answer (status %d) %v", resp.Status, err)
	}
	return ans, nil
}

// send sends one request and deals with what does not come from the vendor's own logic.
func (a *Auth) send(ctx context.Context, acct Account, who string, r abi.Request, sign func(*http.Request) error) (abi.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	resp := a.cfg.Send(ctx, acct, r, sign)
	switch {
	case resp.Fault != nil:
		return resp, noAnswer(acct, who, resp.Fault, r.Body)
	case resp.Status >= 300 && resp.Status < 400:
		return resp, abi.Faultf(abi.Unavailable, "%s answered with a redirect (status %d), which is not followed: credentials would go with it", who, resp.Status)
	case resp.Status == http.StatusTooManyRequests:
		f := abi.Faultf(abi.RateLimited, "%s asks to slow down (status 429)", who)
		f.RetryAfter = retryAfter(resp.Headers, a.cfg.Now())
		return resp, f
	case resp.Status >= 500 || resp.Status == http.StatusRequestTimeout:
		f := abi.Faultf(abi.Unavailable, "%s is out of order (status %d)", who, resp.Status)
		f.RetryAfter = retryAfter(resp.Headers, a.cfg.Now())
		return resp, f
	}
	return resp, nil
}

// noAnswer makes the error of a request without an answer. The fault's words are ours, but they come from afar: what the
// request carried is taken out of them.
func noAnswer(acct Account, who string, f *abi.Fault, sent []byte) error {
	code := f.Code
	switch code {
	case abi.RateLimited, abi.Unavailable, abi.Timeout, abi.Canceled, abi.Forbidden, abi.LimitExceeded:
	default:
		code = abi.Unavailable
	}
	text := f.Message
	secrets := acct.secrets()
	if form, err := url.ParseQuery(string(sent)); err == nil {
		for _, values := range form {
			secrets = append(secrets, values...)
		}
	}
	for _, secret := range secrets {
		if len(secret) >= 8 {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	out := abi.Faultf(code, "%s gave no answer: %s", who, text)
	out.RetryAfter = f.RetryAfter
	return out
}

// retryAfter reads the header of RFC 9110 section 10.2.3, in seconds; 0 without one.
func retryAfter(headers map[string][]string, now time.Time) float64 {
	text := strings.TrimSpace(textproto.MIMEHeader(headers).Get("Retry-After"))
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 && n < 1e6 {
		return n
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now).Seconds()
	}
	return 0
}

// verdicts says what error codes mean: those of RFC 6749 section 5.2 and RFC 6749 section 4.1.2.1, and what some vendors
// (GitHub, Slack) say instead.
var verdicts = map[string]string{
	"invalid_grant": "grant", "bad_refresh_token": "grant", "invalid_refresh_token": "grant", "bad_verification_code": "grant",
	"invalid_code": "grant", "token_revoked": "grant", "token_expired": "grant", "access_denied": "grant",
	"consent_required": "grant", "interaction_required": "grant", "login_required": "grant",
	"invalid_client": "client", "unauthorized_client": "client", "incorrect_client_credentials": "client",
	"bad_client_secret": "client", "invalid_client_id": "client",
	"invalid_scope":   "scope",
	"invalid_request": "request", "unsupported_grant_type": "request", "unsupported_response_type": "request",
	"redirect_uri_mismatch": "request", "bad_redirect_uri": "request",
	"server_error": "later", "temporarily_unavailable": "later", "slow_down": "later",
}

// verdict makes the error of a vendor's no. A code that is not known is not quoted, and ends nothing.
func verdict(acct Account, who string, status int, code string) error {
	proof := "client id or secret"
	switch {
	case acct.Method.SignsAssertions():
		proof = "client id, key id or private key"
	case acct.Method.ClientAuth == "none":
		proof = "client id"
	}
	switch verdicts[code] {
	case "grant":
		return &refused{"the vendor does not accept the authorization (" + code + ")", code}
	case "client":
		return &refused{"the vendor does not accept the " + proof + " (" + code + ")", code}
	case "scope":
		return abi.Faultf(abi.Forbidden, "%s does not grant the scopes that the connector asks for (%s)", who, code)
	case "request":
		return abi.Faultf(abi.Internal, "%s does not understand the connector's request (%s)", who, code)
	case "later":
		return abi.Faultf(abi.Unavailable, "%s asks to come back later (%s)", who, code)
	}
	if status == 400 || status == 401 || status == 403 {
		return abi.Faultf(abi.Unauthorized, "%s said no (status %d) without a reason that is known: check the %s", who, status, proof)
	}
	return abi.Faultf(abi.Unavailable, "%s answered with status %d and an error that is not known", who, status)
}
