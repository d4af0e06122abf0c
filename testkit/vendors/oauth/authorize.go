package oauth

import (
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// challengeForm is the form of an S256 code challenge: 32 bytes in base64url.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authorize answers the authorize endpoint: a request from a client by GET, the user's decision by POST.
func (c *call) authorize() reply {
	if c.r.Method == http.MethodPost {
		return c.decide()
	}
	asked := c.r.URL.Query()
	for name, values := range asked {
		if len(values) > 1 {
			return badPage("the parameter " + name + " is given twice")
		}
	}
	client := c.clients[asked.Get("client_id")]
	if client == nil {
		return badPage("the client is not registered")
	}
	redirect := asked.Get("redirect_uri")
	if !client.registered(redirect) {
		return badPage("the redirect URI is not registered")
	}
	request := &approval{client: client.ID, redirect: redirect, state: asked.Get("state"), expires: c.now.Add(10 * time.Minute)}
	if code, description := c.examine(request, client, asked); code != "" {
		return c.callback(request, url.Values{"error": {code}, "error_description": {description}})
	}
	switch {
	case c.config.Deny:
		return c.denied(request)
	case c.config.Consent:
		return c.ask(request)
	}
	return c.approve(request)
}

// registered reports whether the redirect URI is one of the client's.
func (c *Client) registered(redirect string) bool {
	if slices.Contains(c.Redirects, redirect) {
		return true
	}
	u, err := url.Parse(redirect)
	if !c.LoopbackPort || err != nil || u.Port() == "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsLoopback() {
		return false
	}
	return slices.Contains(c.Redirects, strings.Replace(redirect, ":"+u.Port()+u.EscapedPath(), u.EscapedPath(), 1))
}

// examine reads the rest of the client's request. A code is the reason to refuse it.
func (c *call) examine(request *approval, client *Client, asked url.Values) (code, description string) {
	scope, ok := client.scope(asked.Get("scope"))
	request.scope, request.challenge = scope, asked.Get("code_challenge")
	method := asked.Get("code_challenge_method")
	switch {
	case !client.allows(AuthorizationCode):
		return unauthorizedClient, "the client may not use the authorization code grant"
	case asked.Get("response_type") == "":
		return invalidRequest, "response_type is missing"
	case asked.Get("response_type") != "code":
		return unsupportedResponse, "response_type must be code"
	case len(request.state) < c.config.MinState:
		return invalidRequest, fmt.Sprintf("state must have %d characters or more", c.config.MinState)
	case !ok:
		return invalidScope, "the client may not ask for this scope"
	case c.config.PKCE == PKCEOff:
		request.challenge = ""
	case request.challenge == "" && (c.config.PKCE == PKCERequired || method != ""):
		return invalidRequest, "code_challenge is missing"
	case request.challenge != "" && method != "S256":
		return invalidRequest, "code_challenge_method must be S256"
	case request.challenge != "" && !challengeForm.MatchString(request.challenge):
		return invalidRequest, "code_challenge is not 32 bytes in base64url"
	}
	return "", ""
}

// scope is what the client gets when it asks for a scope, in words apart by spaces.
func (c *Client) scope(asked string) (granted string, ok bool) {
	if asked == "" {
		return strings.Join(c.Scopes, " "), true
	}
	return asked, c.Scopes == nil || within(asked, c.Scopes)
}

// within reports whether every word of the scope is allowed.
func within(scope string, allowed []string) bool {
	for _, word := range strings.Split(scope, " ") {
		if !slices.Contains(allowed, word) {
			return false
		}
	}
	return true
}

// ask shows the consent page. Its ticket, which nobody can guess, makes the decision the user's own.
func (c *call) ask(request *approval) reply {
	ticket := secret("ticket")
	c.tickets[ticket] = request
	return reply{status: http.StatusOK, page: fmt.Sprintf(`<!doctype html><title>Consent</title>
<p>%s asks to act for %s: %s</p>
<form method="post" action="%s"><input type="hidden" name="ticket" value="%s">
<button name="decision" value="approve">Approve</button> <button name="decision" value="deny">Deny</button></form>
`, html.EscapeString(request.client), html.EscapeString(c.config.User), html.EscapeString(request.scope),
		html.EscapeString(c.paths.Authorize), ticket)}
}

// decide answers the form of the consent page.
func (c *call) decide() reply {
	form, problem := c.form()
	if problem != "" {
		return badPage(problem)
	}
	request := c.tickets[form.Get("ticket")]
	if request == nil || !c.now.Before(request.expires) {
		return badPage("the page is too old, or was used already")
	}
	delete(c.tickets, form.Get("ticket"))
	if form.Get("decision") != "approve" {
		return c.denied(request)
	}
	return c.approve(request)
}

// approve sends the user back with a code.
func (c *call) approve(request *approval) reply {
	code := secret("code")
	request.family = c.ledger.open(request.client, c.config.User, request.scope)
	request.expires = c.now.Add(codeLife)
	c.ledger.codes[code] = request
	answer := url.Values{"code": {code}}
	for name, value := range c.config.Callback {
		answer.Set(name, value)
	}
	return c.callback(request, answer)
}

func (c *call) denied(request *approval) reply {
	return c.callback(request, url.Values{"error": {accessDenied}, "error_description": {"the user denied the request"}})
}

// callback redirects to the client, with the state it gave and the issuer.
func (c *call) callback(request *approval, answer url.Values) reply {
	if request.state != "" {
		answer.Set("state", request.state)
	}
	switch {
	case c.config.FalseIssuer != "":
		answer.Set("iss", c.config.FalseIssuer)
	case !c.config.NoIssuer:
		answer.Set("iss", c.base)
	}
	separator := "?"
	if strings.Contains(request.redirect, "?") {
		separator = "&"
	}
	return reply{status: http.StatusFound}.with("Location", request.redirect+separator+answer.Encode())
}

// badPage tells the user what is wrong. The client is not told, for who it is cannot be known.
func badPage(problem string) reply {
	return reply{status: http.StatusBadRequest, page: "<!doctype html><title>Error</title>\n<p>" + html.EscapeString(problem) + "</p>\n"}
}
