// Package testkit certifies connectors: it tries a bundle by every rule there is and says what it found, with evidence.
//
// Connector authors may rely on [Run]. A connector in this repository has one test:
//
//	func TestConnector(t *testing.T) { testkit.Run(t, ".") }
//
// [Certify] is the same engine for the command pack, for a reviewer and for a registry, with the same verdict: it runs
// the connector's cases, in the real sandbox, with the vendor's answers replayed, and the same calls again at a vendor
// that fails in every way it can. Nothing leaves the process.
//
// # Cases
//
// A case is one call with the HTTP exchanges that it makes and the result that it gives, as a txtar file in
// testdata/cases:
//
//	What the case shows, in a sentence or two.
//	-- call.json --
//	{"operation": "greet", "auth": "token", "fields": {"organization": "1"}, "input": {"name": "Ada"}}
//	-- http/1.request --
//	POST https://api.example.com/greetings?lang=en
//	Content-Type: application/json
//
//	{"name": "Ada"}
//	-- http/1.response --
//	201
//	Content-Type: application/json
//
//	{"text": "Hello, Ada"}
//	-- output.json --
//	{"text": "Hello, Ada"}
//
// In call.json, kind is "action" unless it is given; auth is the manifest's first method unless it is given;
// fields and cursor may be given. Exchanges are numbered from 1 and consumed in order. Of a request, the
// method and the URL must be equal (query parameters in any order), the headers that the case names must have
// the values that it gives, and the body must be equal: as a value if it is JSON (with its numbers as they are
// written), else byte for byte. A body begins after the first empty line and ends before the last line feed. A
// request that no exchange answers, and an exchange that no request used, fail the case. The last file is
// what is expected, one of
//
//	output.json    the output of a finished call
//	page.json      {"items": [...], "cursor": ...}; no cursor on the last page
//	fault.json     {"code": ..., "field": ..., "message": ...}; field and message are compared when given
//
// The comment of a case that [Record] made of a live call ends with the day: "Recorded 2026-11-26." [Compare] makes such
// calls again and tells what has changed at the vendor; [Update] has cases expect what their replay gives.
//
// # Planted credentials
//
// A case never holds a credential. The runner plants made-up secrets for the auth method. A request under an
// http grant must carry one in its headers or its query, unless the grant has auth: false, and none may carry
// it in its path or its body. A case fails too when a secret comes back in what the guest says: results,
// faults and logs. A parameter that holds a credential is not compared with the case's URL.
package testkit
