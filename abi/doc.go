// Package abi is the contract between a connector's guest and the host that runs it, version 1.
//
// Connector authors may rely on this package: what it says does not change under the name v1.
// It is a specification first; the Go types below are the same words for Go programs. A guest in any
// language that compiles to WebAssembly can be written from this comment alone.
//
// # The module
//
// A guest is a core WebAssembly 1.0/2.0 module (not a component), a WASI preview 1 reactor: it has no
// _start. It exports:
//
//	memory                             its only linear memory
//	_initialize() -> ()                optional; called once, before anything else
//	patchbay_invoke(len i32) -> i32    called once for every call
//
// It may import from wasi_snapshot_preview1 (clocks, random numbers, sleeping, standard error; there are
// no files, no arguments and no environment) and from the capability modules below, and from nothing else.
// Every call begins in the same state: nothing that a guest keeps in memory reaches a later call, nor do the values of
// its globals, whatever became of the call.
//
// # Capability modules
//
//	patchbay.sys.v1     always there: the call and its result
//	patchbay.http.v1    HTTP requests, which the manifest's http grants must allow
//	patchbay.log.v1     always there: log lines
//
// A module's name in the import section is the capability it asks for, so a reader of the module knows
// what it can do without running it. Each module offers the same two functions:
//
//	call(op i32, ptr i32, len i32) -> i64
//	take(ptr i32, cap i32, off i32) -> i32
//
// call gives the host the request in guest memory [ptr, ptr+len) and returns the byte length of the reply
// that the host now holds for this module (0 or more), or a negative error number. take copies the held
// reply, from its byte off on, into guest memory [ptr, ptr+cap) and returns the number of bytes copied
// (0 at the reply's end), or a negative error number. A reply is held until the module's next call, which
// replaces it whether it fails or not; take may be repeated. The guest needs no allocator that the host calls.
//
// Error numbers are negated errno values:
//
//	-1  EPERM    the capability was not granted
//	-7  E2BIG    the request is larger than the host allows
//	-14 EFAULT   [ptr, ptr+len) is not inside the guest's memory
//	-22 EINVAL   the request is malformed, or comes at the wrong time
//	-28 ENOSPC   the call has used up its quota of host calls
//	-38 ENOSYS   this host does not know this op (never a link error: ask, and fall back)
//
// Host functions return errors; they never trap. A call whose deadline has passed or that the host has
// abandoned is the exception: the instance is stopped where it stands and thrown away.
//
// # The life of a call
//
//  1. The host takes an instance on which _initialize has been called, if it is exported, and perhaps warm-up calls
//     after it. Those are calls of kind describe, made so that the guest can fill its caches before its state is kept
//     for all calls to begin with. They hold nothing of any user, say "warm-up" where a call has its id, and their
//     HTTP requests are answered with 200 and {} by nobody.
//  2. The host holds the call's envelope, a JSON document, as the reply of patchbay.sys.v1 and calls
//     patchbay_invoke with its byte length.
//  3. The guest copies the envelope with patchbay.sys.v1 take, does its work, and hands over one result,
//     a JSON document, with patchbay.sys.v1 call(2, ptr, len). A second result is refused with EINVAL.
//  4. patchbay_invoke returns 0. Any other value, or 0 without a result, or a trap, is an internal fault.
//
// # Operations of patchbay.sys.v1
//
//	1  envelope   request empty; the reply is the call's envelope again
//	2  result     request is the result; the reply is empty
//
// # The envelope
//
//	{
//	  "abi": 1,
//	  "call": "01JQ7Z3M8Q",            unique among all calls; for logs and idempotency keys
//	  "kind": "action",                action, trigger, options, schema, test, or describe
//	  "operation": "launch_process",   the name in the manifest; absent for describe
//	  "attempt": 1,                    counts the tries of one call, from 1
//	  "input": {...},                  valid under the operation's input schema
//	  "connection": {                  absent for a connector without connections, and for describe
//	    "name": "acme",                what its owner calls it
//	    "auth": "token",               id of the auth method in use
//	    "fields": {"organization": "…"},   its fields that are not secret, by name
//	    "urls": {"api": "https://go.tallyfy.com/api"}   base URL of every http grant, by grant id
//	  },
//	  "cursor": ...,                   what the previous page or poll returned, byte for byte the same value
//	  "state": ...,                    what the previous pending result returned
//	  "deadline": 30                   seconds left for the whole call
//	}
//
// Secrets are never part of an envelope. A guest ignores keys that it does not know.
//
// The kind describe asks the guest what it can do; its result is done with the output
// {"operations": [{"kind": "action", "name": "launch_process"}], "sdk": "go/1"}.
//
// # Results
//
//	{"status": "done",    "output": {...}}
//	{"status": "pending", "state": ..., "after": 30}       ask again in 30 seconds, with this state
//	{"status": "page",    "items": [...], "cursor": ...}   one page; no cursor (or null) means the last
//	{"status": "fault",   "fault": {...}}
//
// A result has no field of another status. items may be left out when there are none, and null stands for a
// field that is not there, except that a null output is an output. after is at most a week ([MaxAfter]). A page has
// at most 10,000 items ([MaxItems]), of any size that the limit of the result allows: the rest belongs on the next.
//
// A test answers done with any output; options answer a page of {"value", "label"} items; schema answers
// done with a JSON Schema; a trigger answers a page whose items are events and whose cursor is where the
// next poll starts (a poll's cursor is always kept, so it is never the sign of a last page).
//
// # Faults
//
// A fault is an error that crosses the boundary, for a person to read and a program to branch on:
//
//	{"code": "invalid_input", "message": "no kick-off field \"custmer\"", "field": "/kickoff/custmer",
//	 "retry_after": 2.5, "details": {...}}
//
// message says what happened and what to do, in one or two sentences; field is a JSON pointer into the
// input; retry_after is in seconds; details is any object, kept small, for logs. code and message are never
// missing. Codes, each with its retry verb (what somebody does before the same call may be made again, see
// [Code.Retry]), and who may try again:
//
//	invalid_input    fix        never: the input must change
//	unauthorized     reconnect  once the connection has new credentials
//	forbidden        allow      never: the account, or the manifest's grants, do not allow it
//	not_found        fix        never: the input names what is not there
//	conflict         reread     after reading the present state
//	rate_limited     wait       after retry_after, or a back-off
//	unavailable      wait       after retry_after, or a back-off, if the operation may be repeated
//	timeout          wait       after a back-off, if the operation may be repeated
//	in_doubt         look       after looking whether the vendor has done it: the answer to a request was lost
//	limit_exceeded   shrink     never: the call asked for more than its quota
//	canceled         repeat     by whoever cancelled it
//	internal         report     never: the connector or the host has a defect
//
// A reader takes a code that it does not know for internal.
//
// # Operations of patchbay.http.v1
//
//	1  send   one HTTP request; the reply is its response
//
// Request and response have one frame: a JSON object without raw line feeds (the head), one line feed
// (0x0A), then the body as it is, which may be empty. No length, no encoding.
//
//	{"method":"POST","url":"https://go.tallyfy.com/api/organizations/1/runs","headers":{"Accept":["application/json"]}}
//	{"name":"…"}
//
//	{"status":201,"headers":{"Content-Type":["application/json"]},"url":"https://go.tallyfy.com/api/…"}
//	{"data":{…}}
//
// url is absolute and begins with one of the connection's base URLs. The host attaches the credential; a
// guest that sets Authorization, Cookie, Host, a Proxy-, Sec- or hop-by-hop header, or one that the auth
// method owns, gets an invalid_input fault. Any status the vendor sends, and any redirect that leaves the grants,
// is a response and not an error. When there is no response the head holds a fault instead:
//
//	{"fault":{"code":"forbidden","message":"GET https://evil.example/ matches no http grant of the manifest"}}
//
// A response that means an error has a failure beside its status, a fault that says which: every status from 400, and
// a success inside which one of the manifest's error rules finds an error. Status, headers and body are the
// vendor's all the same. A guest makes its own fault from them or returns the failure as it is:
//
//	{"status":429,"headers":{"Retry-After":["3"]},"failure":{"code":"rate_limited","message":"…","retry_after":3}}
//
// The host has repeated the request as far as it may before a guest sees any of these.
//
// Response header names are in canonical form (Content-Type). Bodies are decoded (no gzip) and at most as
// large as the host's limit; a larger one is a limit_exceeded fault.
//
// # Operations of patchbay.log.v1
//
//	1  write   {"level": "info", "message": "…", "attrs": {"key": value}}; the reply is empty
//
// Levels are debug, info, warn and error. Beyond the call's quota lines are dropped and counted.
//
// # JSON
//
// All JSON is UTF-8 (RFC 8259) without a byte order mark, one value with nothing but white space around it,
// at most 128 levels deep, without duplicate keys. A number has at most 64 characters and an exponent of at
// most three digits. The host refuses anything else, see [CheckJSON]. Numbers are not touched on the way:
// 12345678901234567890 and 1.10 arrive as they were written.
//
// Keys are compared after their escapes are read: "a" and "\u0061" are duplicates. An escape that is half of
// a surrogate pair ("\ud83d", which a vendor sends who cuts a text in the middle of an emoji) is accepted, but
// whoever reads the string may find U+FFFD in its place, and it counts as U+FFFD when keys are compared.
//
// The keys of this specification are written in lower case and nothing else. A key that is not known is
// ignored, but one that differs from a known one only in case ("Status") is refused, because JSON readers
// disagree on it. Keys inside input, output, state, cursor, items, details and attrs are free.
//
// # Test vectors
//
// testdata/vectors holds documents with the verdict on each as data, for the tests of other implementations.
package abi
