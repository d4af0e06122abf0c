package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
)

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		body                         string
		access, refresh, scope, code string
		life                         time.Duration
		wantErr                      string
	}{
		{`{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r","scope":"x y"}`, "a", "r", "x y", "", time.Hour, ""},
		{`{"access_token":"a","token_type":"bearer","expires_in":"3600"}`, "a", "", "", "", time.Hour, ""},
		{`{"access_token":"a"}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","expires_in":null,"refresh_token":null}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","expires_in":1.5}`, "a", "", "", "", 1500 * time.Millisecond, ""},
		{`{"access_token":"a","expires_in":-1}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","expires_in":1e300}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","expires_in":"soon"}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","expires_in":{}}`, "a", "", "", "", 0, ""},
		{`{"access_token":"a","scope":"x,y"}`, "a", "", "x y", "", 0, ""},
		{`{"access_token":"a","scope":["x","y"]}`, "a", "", "x y", "", 0, ""},
		{`{"ok":true,"access_token":"xoxb-1","token_type":"bot"}`, "xoxb-1", "", "", "", 0, ""},
		{`access_token=gho_1&scope=repo%2Cuser&token_type=bearer&expires_in=28800`, "gho_1", "", "repo user", "", 8 * time.Hour, ""},
		{`error=bad_verification_code&error_description=x`, "", "", "", "bad_verification_code", 0, ""},
		{`{"error":"invalid_grant","error_description":"canary"}`, "", "", "", "invalid_grant", 0, ""},
		{`{"ok":false,"error":"invalid_refresh_token"}`, "", "", "", "invalid_refresh_token", 0, ""},
		{`{"access_token":"a","token_type":"mac"}`, "", "", "", "", 0, "not a bearer token"},
		{`{"access_token":"canary\r\nX: y"}`, "", "", "", "", 0, "characters"},
		{`{"access_token":"a b"}`, "", "", "", "", 0, "characters"},
		{`{"access_token":"a","refresh_token":"\u00e9"}`, "", "", "", "", 0, "characters"},
		{`{"access_token":"` + strings.Repeat("a", maxToken+1) + `"}`, "", "", "", "", 0, "characters"},
		{`{"access_token":5}`, "", "", "", "", 0, "no access_token"},
		{`{"access_token":""}`, "", "", "", "", 0, "no access_token"},
		{`{"error":{"message":"canary"}}`, "", "", "", "", 0, "no access_token"},
		{`{"access_token":"a"} trailing`, "", "", "", "", 0, "neither JSON nor a form"},
		{`{"access_token":"a"}}`, "", "", "", "", 0, "neither JSON nor a form"},
		{`[]`, "", "", "", "", 0, "neither JSON nor a form"},
		{`null`, "", "", "", "", 0, "neither JSON nor a form"},
		{``, "", "", "", "", 0, "neither JSON nor a form"},
		{`<html>canary</html>`, "", "", "", "", 0, "neither JSON nor a form"},
	}
	for _, tt := range tests {
		got, err := parseAnswer([]byte(tt.body))
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%.60s: %v", tt.body, err)
			}
			continue
		}
		if err != nil || got.access != tt.access || got.refresh != tt.refresh || got.scope != tt.scope || got.code != tt.code || got.life != tt.life {
			t.Errorf("%.60s: %+v %v", tt.body, got, err)
		}
	}
}

// FuzzParseAnswer: a token that is taken can stand in a header, and no error quotes the body.
func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{`{"access_token":"a","expires_in":"3600"}`, `access_token=a&scope=b`, `{"error":"invalid_grant"}`, `{"access_token":"a","expires_in":1e999}`, `<html>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ans, err := parseAnswer(body)
		switch {
		case err != nil:
			if len(body) > 60 && strings.Contains(err.Error(), string(body)) {
				t.Error("quoted")
			}
		case ans.code != "":
			if ans.access != "" {
				t.Error("both a token and an error")
			}
		case !tokenText(ans.access) || ans.refresh != "" && !tokenText(ans.refresh) || ans.life < 0 || ans.life > longestLife:
			t.Errorf("%+v", ans)
		}
	})
}

// What an answer means: to the caller, and for the connection.
func TestAsk_Classes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status   int
		body     any
		code     abi.Code
		terminal bool
		text     string
	}{
		{400, map[string]any{"error": "invalid_grant"}, abi.Unauthorized, true, "invalid_grant"},
		{401, map[string]any{"error": "invalid_client"}, abi.Unauthorized, true, "client id or secret"},
		{403, map[string]any{"error": "access_denied"}, abi.Unauthorized, true, "access_denied"},
		{200, map[string]any{"error": "incorrect_client_credentials"}, abi.Unauthorized, true, "client id or secret"},
		{200, "error=bad_verification_code", abi.Unauthorized, true, "bad_verification_code"},
		{400, map[string]any{"error": "invalid_scope"}, abi.Forbidden, false, "scopes"},
		{400, map[string]any{"error": "invalid_request"}, abi.Internal, false, "invalid_request"},
		{400, map[string]any{"error": "unsupported_grant_type"}, abi.Internal, false, "unsupported_grant_type"},
		{400, map[string]any{"error": "temporarily_unavailable"}, abi.Unavailable, false, "later"},
		{400, map[string]any{"error": "canary"}, abi.Unauthorized, false, "check the client id or secret"},
		{401, "<html>canary</html>", abi.Unauthorized, false, "status 401"},
		{404, "<html>canary</html>", abi.Unavailable, false, "status 404"},
		{307, "canary", abi.Unavailable, false, "redirect (status 307)"},
		{429, map[string]any{"error": "invalid_grant"}, abi.RateLimited, false, "slow down"},
		{408, "", abi.Unavailable, false, "status 408"},
		{500, map[string]any{"error": "invalid_grant"}, abi.Unavailable, false, "status 500"},
		{502, "<html>canary</html>", abi.Unavailable, false, "status 502"},
		{200, "canary", abi.Unavailable, false, "neither JSON nor a form"},
	}
	for _, tt := range tests {
		w := newWorld()
		w.intercept = refusals(tt.status, tt.body)
		_, _, err := w.process(t).Obtain(t.Context(), account(clientMethod))
		f := abi.AsFault(err)
		if f.Code != tt.code || errors.Is(err, ErrReconnect) != tt.terminal || !strings.Contains(f.Message, tt.text) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %v: %v", tt.status, tt.body, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]float64{"": 0, "7": 7, "1.5": 1.5, "-1": 0, "soon": 0, "1e300": 0,
		now.Add(time.Minute).Format(http.TimeFormat): 60, now.Add(-time.Minute).Format(http.TimeFormat): 0} {
		if got := retryAfter(map[string][]string{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
