// Package oauth is an OAuth 2.0 authorization server in memory, for tests of clients: it refuses what a strict
// server refuses, and on demand does what odd and broken ones do. It imports package simulated and the standard
// library only, so what it says is evidence that does not rest on the code under test.
//
// A [Server] is an http.Handler that knows two clients unless [Config.Clients] says otherwise: [ClientID] with
// [ClientSecret], and [PublicID], which has none. A user who approves everything answers the authorize endpoint:
//
//	server := oauth.New(oauth.Config{Callback: map[string]string{"realmId": "9130"}})
//	defer server.Close()
//	ts := httptest.NewServer(server)
//
//	GET  /authorize   a redirect with code, state and iss (RFC 9207), or with error; see Consent and Deny
//	POST /token       authorization_code, refresh_token, client_credentials, jwt-bearer (RFC 7523)
//	POST /revoke      RFC 7009
//	GET  /jwks        the key that access tokens are signed with
//	GET  /resource    who the bearer token stands for, or 401 with WWW-Authenticate
//	GET  /.well-known/oauth-authorization-server   metadata (RFC 8414)
//
// # What it is strict about
//
//   - redirect_uri is one of those registered, byte for byte. A bad one, or an unknown client, is answered with
//     a page and never with a redirect. So is a parameter that is given twice.
//   - PKCE with S256 is required unless [Config.PKCE] says otherwise; plain is refused always, and so is a
//     verifier for a code that was asked for without a challenge.
//   - A code lives for 60 seconds and works once. Used again it revokes what it has brought (RFC 9700, 4.5).
//   - The token endpoint takes forms only, no parameter in the URL, none twice, and one way of client
//     authentication. In Basic, id and secret are form-encoded first (RFC 6749, 2.3.1).
//   - A refresh token works once and brings the next. Used again it revokes its family: every token that came
//     from the same approval. [Config.Rotation] and [Config.Grace] change that.
//   - Assertions are verified: signature, key id, issuer, subject, audience, an exp at most one hour ahead, and
//     that their jti was not seen before.
//
// # Faults
//
// [simulated.Controls], which a server embeds, make requests fail. At the token endpoint for instance:
//
//	Rule{Path: "/token", Status: 503, RetryAfter: "2"}                                    an outage
//	Rule{Path: "/token", Effect: Slow, Interval: 14 * time.Second}                        slowness
//	Rule{Path: "/token", Effect: Reset, Performed: true}                                  a lost answer
//	Rule{Path: "/token", Status: 307, Header: http.Header{"Location": {"http://..."}}}    a redirect
//	Rule{Path: "/token", Effect: Huge} or Malformed                                       a body that is no answer
//	Rule{Path: "/token", Status: 200, Body: "<html>", Header: ...text/html}               a page
//	Rule{Path: "/token", Status: 200, Body: `{"access_token":7,"token_type":"bearer"}`}   a wrong type
//
// [Server.Set] changes the configuration while the server runs, and [Server.Counts] and [Server.Revoked] tell a
// test what has happened.
//
// # Inside another vendor
//
// A simulated vendor with a token endpoint of its own makes a server with its [Paths], hands it the requests for
// them through [Server.Perform], and asks [Server.Lookup] about the bearer tokens that come.
package oauth
