package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
)

// visitTime is how long a person may take to log in at the vendor's.
const visitTime = 10 * time.Minute

// visit is how a person gives consent in a browser and the vendor's answer comes back.
type visit struct {
	callback string
	listen   string
	paste    bool
}

func (v *visit) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.callback, "callback", freeCallback, "`URL` that the vendor sends your browser back to, as it is registered there; port 0 takes a free one")
	f.StringVar(&v.listen, "listen", "", "`HOST:PORT` to wait on when another server passes the requests of --callback on")
	f.BoolVar(&v.paste, "paste", false, "wait for no browser: paste the address that yours was sent back to")
}

// The callback unless another is given, on a free port, and that of a browser on another machine, where nothing has to
// listen.
const (
	freeCallback  = "http://127.0.0.1:0/callback"
	pasteCallback = "http://127.0.0.1:8765/callback"
)

// prepare lets req ask for consent. Call end when the connection is made.
func (v *visit) prepare(ctx context.Context, s *cli.Streams, req *host.ConnectRequest) (end func() error, err error) {
	if v.paste {
		req.Redirect = v.callback
		if v.callback == freeCallback {
			req.Redirect = pasteCallback
		}
		req.Visit = func(_ context.Context, address string) (string, error) {
			showAddress(s, address)
			s.Tell("then copy the address that it was sent back to, beginning with %s?, even if the page cannot be shown", req.Redirect)
			return s.Ask("address", "")
		}
		return func() error { return nil }, nil
	}
	waiting, err := listen(ctx, v.callback, v.listen)
	if err != nil {
		return nil, err
	}
	req.Redirect = waiting.address
	req.Visit = func(ctx context.Context, address string) (string, error) {
		waiting.expect(stateOf(address))
		showAddress(s, address)
		s.Tell("waiting for its answer at %s; 'host connect --paste' is for a browser on another machine", waiting.address)
		ctx, cancel := context.WithTimeout(ctx, visitTime)
		defer cancel()
		answer, err := waiting.wait(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("nobody came back from the vendor within %v: nothing was connected", visitTime)
		}
		return answer, err
	}
	return waiting.close, nil
}

// stateOf is the state that an authorization address names its consent by, and that the answer repeats.
func stateOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("state")
}

func showAddress(s *cli.Streams, address string) {
	s.Tell("open this address in your browser and log in:\n\n  %s\n", cli.Clean(address))
}
