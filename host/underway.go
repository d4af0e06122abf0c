package host

import (
	"context"
	"net/url"
	"sync/atomic"

	"patchbay/abi"
)

// underway knows the request that a call waited for when its time was up, so that the fault can say so.
type underway struct {
	cut atomic.Pointer[string] // method and host
}

// watch makes a request and notes it if the context ended meanwhile.
func (u *underway) watch(ctx context.Context, r abi.Request, do func() abi.Response) abi.Response {
	resp := do()
	if ctx.Err() != nil {
		place := r.Method
		if parsed, err := url.Parse(r.URL); err == nil {
			place += " " + parsed.Host // never the path or the query, which may hold data
		}
		u.cut.Store(&place)
	}
	return resp
}

// explain adds to the fault of a call that ran out of time which request was waiting for the vendor.
func (u *underway) explain(err error) error {
	place := u.cut.Load()
	if err == nil || place == nil {
		return err
	}
	f := abi.AsFault(err)
	if f.Code != abi.Timeout && f.Code != abi.Canceled {
		return err
	}
	told := *f
	told.Message += ", while it waited for the answer to " + *place
	return &told
}
