package sdk

import (
	"time"

	"patchbay/abi"
)

// RetryAfter reads the Retry-After header: seconds, seconds with decimals (which RFC 9110 does not know but
// vendors send), or an HTTP date, counted from the response's own Date header, else from now. A date in the
// past is 0; more than a week is a week. It reports false when the header is missing or says nothing known.
func (r *Response) RetryAfter() (time.Duration, bool) {
	return abi.RetryAfter(r.Header.Get("Retry-After"), r.Header.Get("Date"), time.Now())
}
