// Package quota keeps the limits that vendors set: so many requests in a time, so many at once. Whoever sends a
// request takes a slot in every bucket that the request counts in, and waits for it if it must.
//
//	q := quota.New(quota.Config{Store: bucket, IsConflict: isConflict})
//	defer q.Close()
//	ticket, err := q.Acquire(ctx, []quota.Bucket{{Key: "tallyfy/acme", Requests: 100, Per: time.Minute}},
//		quota.Claim{Connection: "acme"})
//	resp, err := send()
//	ticket.Release(resp.StatusCode, resp.Header)
//
// Not for use outside this module.
//
// # Limits
//
// A bucket with Requests and Per is a strict window: in no span of length Per does the vendor see more than
// Requests. The vendor counts a request at some moment between its being sent and its answer, so a slot is taken
// before the request is sent and comes free Per after the answer has come. However long requests are on their way,
// that holds; it costs one latency a window.
//
// With Burst too, it is the vendor's leaky bucket: of that size, leaking Requests in Per. A request in use fills one
// unit, which begins to leak when the answer has come.
//
// Concurrency limits how many requests are in use, from Acquire to Release. A bucket may have both kinds of limit.
//
// # What answers change
//
// RemainingHeader names a response header that says how many requests are left, ResetHeader one that says until when:
// as seconds from now (a number below 10^9), as seconds (below 10^11) or milliseconds since 1970, or as an HTTP
// date. Until then no more slots are given than are left; without a time, for Per or one minute. A later report
// about the same time can only narrow it. CostHeader says how much the request has used up; that much is charged,
// at least 1. A reset lies at most 24 hours ahead; a header that cannot be read is ignored.
//
// [Quotas.Pause] stops a bucket for all. A pause also halves the concurrency of a bucket that has one, once a pause;
// every answer after the pause that is no failure of the vendor (5xx) and no 429 gives one slot back, until the limit
// is reached again.
//
// # Order
//
// Bulk claims are paced: in a window of up to five minutes one is served every Per/Requests and no sooner, all
// processes together, and later by one turn for each interactive claim. They are through as soon as if they used up
// every window at once, but for the first; and somebody who waits finds a slot at once or within Per/Requests, and not
// when the window is over. One slot of every hundred of such a window is never for bulk claims, unless it is their turn.
//
// Interactive claims go before bulk claims. But of ten slots in a row of a bucket at least one goes to a bulk claim,
// if one waits. Within a priority the connections take turns, and a connection's claims for the same buckets go in
// the order in which they came. A claim for several buckets takes a slot in all of them at the same time or none:
// nothing is held while it waits, so claims cannot block each other for ever, and claims for other buckets pass it.
//
// A claim that cannot have its slot before its context's deadline fails at once with rate_limited and the seconds
// after which it is worth a try.
//
// # Several processes
//
// With a Store, all processes on it share the buckets. A bucket is one record in it, changed by compare-and-set. One
// goroutine a process gathers what has come in, writes each record once, and then hands out the slots, so many
// callers cost few writes. A slot counts only once it is in the store. A release reaches the store with the next
// change, after 50 ms at the latest, at once if others wait or all slots were in use. A process that waits for a slot
// which another one has in use looks every 50 ms. Bulk claims leave a slot for each interactive claim that waits in
// another process; and a process that has taken nine slots in a row leaves the tenth to others that wait.
//
// What a process has in use is a lease of 60 seconds, renewed while it is in use. A process that dies leaves its slots
// to the others when the lease ends, as if they had been released then. A process that is stopped for longer than
// that, with a request in flight, can break the limit; so can a wall clock that is set forward.
//
// When the store fails nothing is let through: claims fail with unavailable, and later ones try the store anew. A
// write of which it is not known whether it took place is charged twice rather than not at all.
//
// # The record
//
// A record's key is "bucket/" and the bucket's key. It is a JSON object; all times are microseconds since 1970.
//
//	{"version": 1,
//	 "limit": {"id": "minute", "requests": 100, "per": 60000000},   as declared last; also burst, concurrency
//	 "cooling": [[1764107263500000, 12], ...],   of a window: when, and how many slots come free; ascending
//	 "drained": 1764107263500000,                of a leaky bucket: when it is empty
//	 "paused": 1764107263500000,                 until when
//	 "ceiling": 5,                               the concurrency for now, after a pause; 0 or none: as declared
//	 "left": 7, "left_until": 1764107263500000,  what the vendor said is left, and until when that is so
//	 "streak": 3,                                interactive slots in a row for which bulk claims waited, up to 9
//	 "runner": "5f0c...", "run": 4,              who took the last slots, and how many in a row, up to 9
//	 "paced": 1764107263500000,                  before which no bulk claim is served
//	 "holders": {"5f0c...": {"used": 3, "waiting": 12, "ready": 7, "urgent": 2, "until": 1764107263500000}}}
//
// A holder is a process: the slots it has in use, its waiting claims, those of them that wait for nothing but this
// bucket, those of them that are interactive, and the lease's end. Slots that come free within the same 128th of Per are one entry,
// at the end of it, so a record has at most about 3 KB. A record of another version is an error.
package quota
