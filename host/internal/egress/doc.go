// Package egress is the only way out of the host for a guest's HTTP requests.
//
// A guest names a method, an absolute URL, headers and a body. [Client.Do] judges the URL against the grants
// that the connection's owner allowed, resolves the host, refuses addresses that are not on the public
// internet, attaches the credential, sends the request, follows redirects under the same rules, bounds what
// comes back, removes every secret from it, and returns it. Whatever goes wrong is a fault in the response.
// Retries, quotas and circuit breakers belong in front of Do, not in it: [Policy].Admit is asked before each request
// on the wire, and the [Trace] tells whether a request may be sent again.
//
// # URLs
//
// A URL is refused unless every reader of it sees the same one. It must be absolute, http or https, of at
// most 16 KiB, made only of characters that RFC 3986 allows; there is no user name and no password. A fragment
// is dropped. The host is a DNS name in ASCII (an international name in its xn-- form), a dotted-decimal IPv4
// address of four parts or a bracketed IPv6 address without a zone; other spellings of an address (127.1,
// 0x7f000001, 2130706433, ::ffff:127.0.0.1) and a name with a trailing dot are refused.
//
// Servers and the proxies before them decode a path once, twice or not at all. So a path is judged in each of
// its readings: as written, decoded once, decoded twice (a deeper one is refused), and each decoded one also
// up to a "?" or "#" that was encoded. No reading may hold a dot segment (with or without ;parameters), an
// empty segment but the last, a backslash, a control character or invalid UTF-8, and all of them must lie
// in the same grant. /projects/group%2Fname thus needs a grant of /projects/**, since /projects/* covers only
// one of its readings. What is sent is the path as written.
//
// # Grants
//
// A grant covers a request when scheme, host and port are equal to those of its base URL, the method is
// listed, and the path continues the base URL's at a segment's border with a rest that a pattern matches. A
// pattern is "/" and segments: "*" stands for one segment that is not empty, "**" (only as the last) for any
// number of segments, everything else for itself. The default is "/**". http is possible only under a base
// URL that says http.
//
// # Addresses
//
// Names are resolved once a connection, and the connection is made to an address that was looked at: before
// dialling, and again in the dialler's Control, which no resolver can get around. Private, loopback, link-local,
// shared (CGNAT), documentation, multicast, reserved and unspecified addresses, cloud metadata services, and
// IPv6 addresses that embed an IPv4 one (mapped, NAT64, 6to4, Teredo) are refused. An admin may allow private,
// loopback, shared and unique-local addresses for one origin of one connection ([Policy].Private); link-local
// and metadata addresses are never allowed. Only TCP, no MPTCP, no proxy from the environment. A public name is
// looked up as fully qualified, so no search domain is tried.
//
// # Connections
//
// HTTP/1.1, and HTTP/2 where a server offers it over TLS (1.2 or later). A connection is used again for the same
// scheme, name and port only, whatever its certificate covers, and only under the same guard (public addresses,
// or those that an admin allowed) and with the same client certificate, or as before without one. A client
// certificate is shown to servers that ask for it, where the credential would be attached.
//
// Over HTTP/1.1 bytes that a server sent beyond the end of its response are not taken for the response to the next
// request: a connection is used again when its reader has asked for more, and a response that comes before its request
// is a fault.
//
// net/http sends some requests a second time by itself. One whose method is not safe (GET, HEAD, OPTIONS) and which
// has no idempotency key goes out again only when nothing of it had been written; any other at most three times
// over HTTP/2, and over HTTP/1.1 until a new connection fails.
//
// # Headers
//
// Guests may not set what belongs to the host or changes what a request means on its way: Host, Authorization,
// Cookie, Proxy-*, Sec-*, hop-by-hop headers, Content-Length, Expect, Forwarded, X-Forwarded-*, X-Real-Ip, Via,
// Referer, Accept-Encoding, method and URL overrides (X-HTTP-Method-Override, X-Original-URL), and what the
// auth method owns. "_" counts as "-", because CGI-like servers cannot tell them apart. At most 64 header
// lines and 16 KiB. Guests do not get to see Set-Cookie, hop-by-hop headers, and headers that the auth method owns.
//
// # Redirects
//
// 301, 302, 303, 307 and 308 are followed by the host, at most five. 303 becomes GET, and POST does after 301
// and 302. A redirect that leaves the grants, cannot be read, or would carry a body or a secret to another
// origin is given to the guest as it is, without its body. When the origin changes, all guest headers but
// Accept, Accept-Language and User-Agent are dropped, and no later hop gets the credential, not even back home.
//
// # Bounds
//
// Connecting (with the lookup) 5 s, TLS 5 s, first byte 30 s, 10 s between two reads of the body, Limits.Wall for
// everything; response headers 64 KiB, all 1xx responses included (over HTTP/2: and once more for the 1xx); trailers
// are read under a bound and dropped; the body Limits.ResponseBody on the wire and
// decoded, and after 1 MiB no more than a hundred times what came over the wire. gzip and deflate are decoded.
// Sizes are counted before scrubbing. A body is read as a stream under these bounds, and handed over whole: guests'
// frames are. More than one Content-Length, or one that is no number, is refused in both versions of HTTP.
//
// Over HTTP/2 a server may send 1 MiB of a response ahead, and 2 MiB of all responses of a connection; a silent
// connection is tested with a ping after 10 s and closed after 5 s more. Frames that concern no request (PING, SETTINGS, RST_STREAM of others, unknown ones, empty DATA and CONTINUATION)
// are read as fast as they come, but do not put off a request's bounds of time; while no request uses the connection
// they may be 512 KiB, then it is closed. net/http writes a line to the standard logger for frames that it does not know:
// a program that runs guests turns that logger off.
//
// # Scrubbing
//
// Every secret, and every value that Authorize put on the request, is replaced by "[redacted]" in all that goes
// back or is logged: as it is, in base64 (both alphabets, padded or not, and inside a longer encoded text),
// percent-encoded, escaped for JSON and for HTML. Secrets under four bytes are not scrubbed, and those under
// six not inside a longer base64 text: they would match by chance. This stops a service that echoes the
// request; it cannot stop one that transforms a secret on purpose, or hands it out in pieces (to a Range), which is why
// grants come first. A header whose name holds a secret, in any case, is dropped.
package egress
