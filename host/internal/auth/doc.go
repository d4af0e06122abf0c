// Package auth performs the auth methods of manifests: it prepares the credential that a request carries, renews it, and
// takes a person through an OAuth consent. Not for use outside this module.
//
// # Methods
//
// Some credentials are what was typed: none, api_key, bearer, basic, headers, and oauth1, which signs each request anew.
// The others are tokens that a vendor gives out: oauth2 by an authorization code, by client credentials or by a signed
// assertion, and exchange, by requests that the manifest declares. All may come with a client certificate.
//
//	cred, err := a.Prepare(ctx, account)       // ready to use
//	err = cred.Authorize(request)              // for every send: oauth1 signs anew
//	cred, renewed, err := a.Renew(ctx, account, cred)   // after a 401
//	a.Proven(ctx, account, cred)               // after any other answer
//
// # Where tokens are
//
// A connection has one sealed record of secrets, by name: those that were typed, and under [Reserved] the tokens, as
// JSON. They are written by [Tokens.Store] when a person connects, and from then on by this package alone, always with
// the revision that was read, so that nobody's change is lost.
//
// # Renewal
//
// A token is renewed when 80 to 90 % of its life is over, and once when a vendor answers 401 to it. A refresh token may
// work only once, and a server that sees one twice takes it for stolen and ends the whole connection; so:
//
//   - one renewal of a connection at a time: calls of this process share a flight, other processes wait for the lock
//   - whoever has the lock reads the record again, and uses a token that somebody else got meanwhile
//   - new tokens are stored before they are used. What cannot be stored is kept, and stored before anything is asked
//   - the refresh token before the present one is kept until the present access token has worked. It is tried, once and
//     within a minute, when the vendor refuses the present one
//   - a call waits three seconds while the old token lives, then uses that, and as long as it must once it has ended
//   - a vendor that answers 429 or 5xx, or not at all, says nothing about the tokens: the old one is used until its end,
//     and the next try waits 1 to 60 seconds
//   - a refusal (invalid_grant, invalid_client) is written into the record: from then on every process answers
//     [ErrReconnect] without a request, until somebody connects again
//
// Methods without a refresh token to use (client_credentials, jwt_bearer, exchange) ask for a new token in the same way.
//
// # Consent
//
// [Auth.Begin] makes the URL to open: PKCE with S256 (RFC 7636) unless the manifest says pkce: false, and a state that
// works once and for ten minutes. [Flow.Finish] takes the callback. Against mix-up (RFC 9207) an iss in it must be the
// manifest's issuer, which then must not be missing; where the manifest names none, an iss that is sent must have the
// origin of the authorize URL or of the token URL.
//
// # What is never shown
//
// No error quotes what a server sent or a person typed: it says which step failed, the status, and the error code if
// that is one of RFC 6749's or of a vendor's that is known here. [Credential.Secrets] lists every value that must not
// reach a guest, and printing an Account, a Credential or Tokens shows no value.
package auth
