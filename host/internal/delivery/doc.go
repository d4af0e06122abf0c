// Package delivery gets one request of a guest delivered: it repeats what may be repeated, waits as the vendor asks,
// leaves a vendor alone that does not answer, and says what the answer means.
//
// Not for use outside this module. [Deliverer.Deliver] is called once for every request of a guest, with a [Route] that
// says what the call knows: the connection, the manifest's words on errors and retries, and how to send. It opens no
// connection itself and keeps no quota.
//
// # What may be repeated
//
// A request is repeatable when sending it twice does what sending it once does: its method is GET, HEAD, OPTIONS, PUT
// or DELETE, or its operation only reads, or it carries an idempotency key. All others (POST, PATCH) are sent again
// only when the vendor has certainly not performed them.
//
//	what happened                                  repeatable    any other
//	it did not leave this machine                  repeat        repeat
//	the answer says that the vendor throttles      repeat        repeat
//	the answer says unauthorized                   renew, once   renew, once
//	no answer: reset, timeout, cut short           repeat        in doubt
//	an answer that an error rule looked into       by its code   no
//	a status that the manifest lists               repeat        no; in doubt after a 5xx
//	any other answer                               no            no
//
// "By its code" means that rate_limited, unavailable and timeout are repeated. The statuses are 408, 429, 500, 502, 503
// and 504, unless the manifest has a list of its own. In doubt means the fault in_doubt and [Report].Unclear: the vendor may have
// done it, and only who looks can know. Of the 5xx answers 501, 503 and 505 say that it was not done. "Renew" gets a fresh
// credential from [Route].Renew and sends the request once more, beside all other repetitions.
//
// # How long
//
// Before the n-th repetition there is a wait of a random time up to base * 2^(n-1), at most cap (500ms, 30s and 4
// repetitions, unless the manifest says otherwise). A time that the vendor asks for goes before: that in the body which
// the error rule points to, else the Retry-After header, see [abi.RetryAfter]. An hour is the most that is believed.
//
// Nothing waits in vain: when the time, or the call's deadline, leaves no room for another try, the last answer is given back
// at once, its fault with retry_after.
//
// # Failures
//
// A response that means an error gets a Failure (see [abi.Response]) beside its status and body. The first of the
// manifest's error rules that matches decides, see [Classify]; without one a status from 400 does. The vendor's words
// are cut to 1 KiB and freed of control characters. A request without any answer has a fault in place of a response.
//
// # The circuit breaker
//
// Each connection has a breaker for each host it talks to. Five failures in a row within 30 seconds (no answer, or a 5xx)
// open it, and for 30 seconds requests end at once in an unavailable fault that says when the breaker closes. Then one request
// goes through as a probe: any answer but a 5xx closes the breaker, anything else opens it again. An answer below 500 ends
// a row of failures.
package delivery
