// Package manifest reads connector.yaml, the file in which a connector says what it is, what it may reach, how its
// connections prove who they are, and what it can do.
//
// Connector authors may rely on the format: what this comment says does not change under the name patchbay/v1.
// A manifest can be written from this comment alone; docs/manifest.md lists every key, and [JSONSchema] is the
// same for editors.
//
// # Reading one
//
// [Parse] reads the YAML that an author writes and reports everything that is wrong at once, with line, column,
// JSON pointer, and what to do. [Manifest.Canonical] turns a manifest into the one JSON form (RFC 8785) that a
// bundle carries and its publisher signs. [Decode] reads that form, from whoever, and checks as much as Parse.
// The YAML is strict, see the package comment of internal/strictyaml: no aliases, no tags, no duplicate keys, no
// words such as yes or 010 that readers understand differently. A manifest has at most 1 MiB. Its numbers are
// 64-bit floats, as RFC 8785 has them; one that would lose digits is refused.
//
// # A full example
//
//	schema: patchbay/v1
//	publisher: acme                 # registered with the marketplace
//	name: desk                      # recipes say acme/desk
//	version: 1.2.0
//	title: Acme Desk
//	description: Reads and files tickets of Acme Desk, and starts recipes when one changes.
//	categories: [customer-support, workflow]
//	icon: icon.svg
//	license: Apache-2.0
//	support: {url: https://desk.example/help}
//
//	guest: {package: .}             # the Go package beside this file
//
//	connection:
//	  fields:
//	    - name: site
//	      title: Site
//	      description: The part before .desk.example in the address bar.
//	      required: true
//	      pattern: "[a-z0-9-]+"
//	  test: ping
//
//	auth:
//	  - id: token
//	    type: bearer                # brings a secret field "token"
//	    title: Personal access token
//	    description: Settings > Integrations > Tokens.
//
//	http:
//	  - id: api
//	    url: https://{site}.desk.example/api/v2
//	    methods: [GET, POST]
//	    paths: [/tickets, "/tickets/*"]
//	    reason: Reads and files tickets of the connected site.
//
//	quotas:
//	  - {id: minute, key: account, account: "{site}", requests: 100, per: 1m}
//
//	errors:
//	  - {status: 422, code: invalid_input, message: /error/text}
//
//	actions:
//	  - name: file_ticket
//	    title: File ticket
//	    description: Files a ticket. Repeating it files a second one.
//	    input:
//	      type: object
//	      required: [subject, queue]
//	      properties:
//	        subject: {type: string, maxLength: 200, description: What it is about.}
//	        queue: {type: string, x-options: queues, description: Who takes care of it.}
//	      additionalProperties: false
//	    output:
//	      type: object
//	      required: [id]
//	      properties: {id: {type: string}}
//	    data_classes: [personal]
//	    samples:
//	      - input: {subject: The door is broken, queue: repairs}
//	        output: {id: T-17}
//
//	triggers:
//	  - name: ticket_changed
//	    title: Ticket changed
//	    description: Fires when someone files or changes a ticket.
//	    input: {type: object, additionalProperties: false}
//	    output: {type: object, required: [id, version], properties: {id: {type: string}, version: {type: integer}}}
//	    dedupe: [id, version]
//	    poll: {every: 5m}
//
//	options:
//	  - {name: queues, description: Queues of the site}
//
// # The listing
//
// publisher, name, version (Semantic Versioning 2.0.0), title, description, categories, license (an SPDX
// expression) and guest are required. Categories are accounting, ai, analytics, calendar, commerce,
// communication, crm, customer-support, databases, developer-tools, documents, erp, finance, forms, hr,
// marketing, payments, project-management, security, storage and workflow. Paths (icon, guest) stay inside the
// connector's folder. guest has either package, a Go main package to build, or module, a .wasm file.
//
// # Names and templates
//
// Names and ids are lower case letters, digits and single underscores (publisher and name: hyphens instead). All
// operations of a connector, whatever their kind, have different names, and so have all fields of a connection.
//
// A template is text in which {x} stands for a field. In URLs, paths and quota accounts x is a connection field
// that is not secret; in the URLs and claims of an auth method it may also be a field of the method that is not secret,
// and in its headers one that is. {x|upper}, {x|lower}, {x|dashes} (_ becomes -) and {x|underscores} (- becomes _) spell
// the value differently, and may be chained: {account|underscores|upper}. See [Expand] for how values are escaped.
//
// # Network grants
//
// A connector reaches what http lists and nothing else. The URL of a grant is https, has a full host name that its
// vendor controls (no IP address, no wildcard, no single name), no user name, query or fragment, and no slash at
// its end. A field in the host needs an enum or a pattern, and unless the host ends in a fixed name (as in
// {site}.desk.example) each possible value must be a full host name itself: nobody who fills in a field may lead
// credentials astray. On-premise products and tests replace the URL for one connection, with an admin's consent.
// In paths, * stands for one segment and ** at the end for any rest; the default is /**. auth: false keeps the
// credential away from a grant.
//
// # Connections and auth methods
//
// A connection holds the fields under connection and those of one auth method. The type of a method brings its own
// fields, see [AuthMethod.AllFields], and decides which keys it has:
//
//	none       no credential
//	bearer     Authorization: Bearer TOKEN
//	api_key    the key in a header or query parameter (key, in, prefix)
//	basic      user name and password (RFC 7617)
//	headers    any headers, as templates over declared fields
//	oauth2     grant authorization_code (authorize_url, token_url; PKCE unless pkce: false), client_credentials or
//	           jwt_bearer (RFC 7523); client_auth is basic, post, none or private_key_jwt; feeds fill connection fields
//	           from the vendor's answer
//	oauth1     OAuth 1.0a with HMAC-SHA256 (RFC 5849)
//	exchange   declared requests (steps) that turn fields into a token; what a step saves later ones may use. The
//	           name token is sent as a bearer token, unless headers say otherwise
//
// client_certificate: true, with any type, connects with a certificate of the connection's (mutual TLS). docs/auth.md has
// an example of each method.
//
// The operation that connection.test names takes no input and proves that a connection works. It stands under no
// other heading.
//
// # Errors and retries
//
// A status from 400 is an error, whose fault code follows from the status. errors says more: each rule gives a code to
// the answers that have its status, a value at its pointer (or the header it names) or both, and the first rule that
// matches decides. message points to the vendor's words and retry_after to the seconds to wait. Vendors that hide errors in
// a success need a rule with that status and a pointer, such as
// {status: 200, pointer: /ok, equals: "false", code: invalid_input, message: /error}. The host repeats requests as
// docs/errors.md says; retry changes how often, after how long and on which statuses.
//
// # Operations
//
// actions, triggers, options (pick lists) and schemas (functions that answer with a JSON Schema) are what the
// guest has code for, see package abi. An input's schema has type: object. Where an action may be repeated it says
// why: read_only, or one of the three keys of idempotency. A trigger either polls (not more often than every 10s)
// or is called by the vendor (webhook); dedupe names the properties of an event that identify it.
//
// The output of an action that answers in pages (see package abi) is one page: {"items": [...], "cursor": ...}. Its schema
// is that of an object with these two, of which the last page has no cursor.
//
// # JSON Schemas
//
// Inputs and outputs are described by JSON Schema 2020-12. Schemas come from strangers, so they are bounded:
//
//   - at most 64 KiB, 32 levels, 2000 sub-schemas whose JSON pointers add up to 1 MiB; no number that a 64-bit
//     float does not hold
//   - $ref only to a sub-schema of the same schema, "#/$defs/address"; recursion only through properties or items
//   - at most 10,000 sub-schemas and enum values may apply to one place of a value: nested alternatives multiply
//   - patterns in the syntax of RE2 (no look-around, no back-references), at most 512 bytes each and not repeated
//     beyond 2000 instructions. They match anywhere, as JSON Schema says: use ^ and $
//   - no $id, $anchor, $dynamicRef, $vocabulary, contentSchema, and no keyword that is not JSON Schema's, except
//     those that begin with x-, and patternErrorMessage: what a pattern wants, in words, shown instead of it
//   - format is one of date, date-time, duration, email, hostname, ipv4, ipv6, time, uri, uri-reference, uuid, and
//     is checked
//
// Two annotations mean something: x-options: NAME on a property names an options function that lists its values,
// x-schema: NAME a schema function that describes it. [CompileSchema] is for schemas that come later, as from a
// schema function. Samples must be valid under their schemas.
//
// # Limits
//
// limits, for the connector or one operation, ask for less than the defaults of [abi.Limits], or, with an admin's
// consent, for more. Time spans are written "500ms", "30s", "5m", "1h30m"; sizes "64KiB", "16MiB" or as a number
// of bytes. A page of an action, a trigger or an options function has at most 10,000 items ([abi.MaxItems]), whatever
// the limits.
package manifest
