// Package netsuite is a NetSuite account in memory: the parts of SuiteTalk REST web services that
// connectors use, with their refusals and their oddities, for tests and demonstrations. It imports
// packages simulated and oauth and the standard library only, so what it says is evidence that does not rest on the code
// under test.
//
// A [Server] is an http.Handler; everything is below /services/rest, on whatever host it is served:
//
//	server := netsuite.New(netsuite.Config{})
//	defer server.Close()
//	http.ListenAndServe("127.0.0.1:8081", server)
//
// It begins with customers ([Acme] and others), items and orders, among them [LargeOrder]: 18,250.00 USD
// from ACME, pending approval. Sales orders have two custom fields, custbody_tallyfy_process_id and
// custbody_approval_status. [Server.Seed] adds records; [Server.Order] and its like show a test what has
// happened; [simulated.Controls], which a server embeds, list the requests that came and make others fail.
//
// # What is documented, and done
//
//   - /record/v1/{type} for customer, salesOrder, invoice and the types they refer to: list, get, create,
//     update, upsert by external id, delete; the item sublist; /metadata-catalog with JSON Schemas.
//   - A list gives ids and links only. limit is 1000 at most, offset a multiple of limit (400). q filters
//     by body fields with the documented operators; dates in it are in the account's format, 1/15/2024.
//   - A write answers 204 without a body and the record's address in Location. Absent fields stay, null
//     clears, lines merge by number or with ?replace=item replace all. Totals follow from the lines.
//   - POST /query/v1/suiteql wants Prefer: transient. Values are strings, nulls are left out, names are in
//     lower case, each row has links. [SuiteQL] says what is understood.
//   - /system/v1/serverTime, and OPTIONS on any path as a probe.
//   - OAuth 2.0 bearer tokens; a bad one is 401 INVALID_LOGIN with WWW-Authenticate, a malformed header 400.
//   - Token-based authentication (TBA): OAuth 1.0 with HMAC-SHA256, the realm in the spelling of
//     [Config.Account], a nonce that is new and a timestamp within five minutes. A refusal is 401 INVALID_LOGIN
//     whose challenge names the reason, such as signature_invalid, timestamp_refused or nonce_used.
//   - OAuth 2.0 for the code grant and, with an assertion that is signed for a certificate, for client
//     credentials: /app/login/oauth2/authorize.nl, /services/rest/auth/oauth2/v1/token and /revoke. The life of
//     a token, an hour, is told as text; state has 22 characters or more; the callback names role, entity and
//     company, the account. [Server.OAuth] changes what it does.
//   - More than [Config.Concurrency] requests at a time are refused with CONCURRENCY_LIMIT_EXCEEDED and no
//     Retry-After, as 429 or as [Config.ConcurrencyStatus] says. [Server.Hold] keeps requests running.
//   - Errors are o:errorDetails: a missing mandatory field or a duplicate is USER_ERROR, an unknown field
//     INVALID_CONTENT with o:errorPath, a reference to nothing INVALID_KEY_OR_REF, an unknown record
//     NONEXISTENT_ID (404). Other methods are 405, other media types 415.
//
// # What is assumed, where documents are silent
//
//   - The order in which a signature is checked; a timestamp may be older than that of an earlier request.
//   - PKCE is required, which real accounts demand of new integrations only. A token needs rest_webservices
//     among its scopes (403), and may do everything. Requests to the token endpoint do not count as concurrent.
//   - The wording of details other than the documented ones, and 405 for PUT with an internal id.
//   - Fields that nobody may write, such as total, are ignored in a body, as are id and links.
//   - orderStatus can be set to A (pending approval) and B (pending fulfillment) only.
//   - An empty custom field is null in a record; other empty fields are left out.
//   - A customer's entityId is its name when none is given, and two of one are "This entity already exists."
//   - SuiteQL prints a date or a time as a date in the account's format (TO_CHAR gives more), and reads and
//     prints times in the account's zone.
//
// # What is not simulated
//
// The issue of TBA tokens, certificate management, RESTlets, asynchronous requests and batches, transforms, other
// subresources than item, saved searches, governanceLimits, taxes, and permissions finer than
// [Role.ReadOnly]. In SuiteQL: joins, grouping, expressions, parameters.
package netsuite
