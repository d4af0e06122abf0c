package testkit

import (
	"context"
	"errors"
	"log/slog"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/testkit/internal/lab"
)

// LiveOptions tune what calls the real vendor. The zero value works.
type LiveOptions struct {
	CacheDir string       // compile cache; defaults to a temporary folder
	Logger   *slog.Logger // of guest and host; nil discards them
	Home     *Home        // where the connection is that a call names
}

// Home is what a host keeps of its connections. Calls use them as that host would; what it has installed stays.
type Home = lab.Home

// Live runs one operation of a bundle against the real vendor: with the connection that the call names, or else with one
// made of req where the connector needs one. The bundle is installed nowhere. Its errors are those of
// [host.Host.Connect] and [host.Host.Run].
func Live(ctx context.Context, b *bundle.Bundle, req host.ConnectRequest, c host.Call, opts LiveOptions) (abi.Result, error) {
	l, err := lab.Open(ctx, b, opts.lab())
	if err != nil {
		return abi.Result{}, err
	}
	r, err := l.Call(ctx, req, c)
	return r, errors.Join(err, l.Close(context.WithoutCancel(ctx)))
}

func (o LiveOptions) lab() lab.Options {
	return lab.Options{CacheDir: o.CacheDir, Live: true, Logger: o.Logger, Home: o.Home}
}
