package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"patchbay/internal/cli"
	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/tallyfy"
)

// vendor is a simulated vendor, ready to be served.
type vendor struct {
	name    string
	handler http.Handler
	grant   string            // http grant that its base URL stands in for
	path    string            // of the base URL
	fields  map[string]string // connection fields of its account
	access  []access
}

func newVendorServer(name string) (vendor, error) {
	switch name {
	case "tallyfy":
		return vendor{name: name, handler: tallyfy.New(tallyfy.Config{}), grant: "api", path: "/api",
			fields: map[string]string{"organization": tallyfy.AcmeOrg}, access: tallyfyAccess}, nil
	case "netsuite":
		s := netsuite.New(netsuite.Config{})
		return vendor{name: name, handler: s, grant: "api", path: "/services/rest",
			fields: map[string]string{"account": "1234567"}, access: netsuiteAccess(s)}, nil
	}
	return vendor{}, cli.Hint(cli.WithExit(fmt.Errorf("no vendor %q is simulated", name), cli.ExitNotFound), "there are tallyfy and netsuite")
}

func newVendor(s *cli.Streams) *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "vendor tallyfy|netsuite",
		Short: "Serve a simulated vendor on this machine",
		Long: `Vendor serves a faithful imitation of a vendor's API from memory, to try connectors on without an account. It prints
where it listens and, for each auth method, the command that connects to it, and runs until it is interrupted. Its secrets,
which open nothing else, are in files of a temporary folder meanwhile. Whoever opens the address of a login approves.`,
		Example: `  $ host vendor tallyfy
  $ host vendor netsuite --addr 127.0.0.1:4000`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := newVendorServer(args[0])
			if err != nil {
				return err
			}
			if err := onLoopback(addr); err != nil {
				return err
			}
			return runVendor(c.Context(), s, v, addr)
		},
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	return c
}

func runVendor(ctx context.Context, s *cli.Streams, v vendor, addr string) (err error) {
	secrets, err := os.MkdirTemp("", "patchbay-vendor-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(secrets)) }()
	if err := v.writeSecrets(secrets); err != nil {
		return err
	}
	srv, err := serve(ctx, v, addr)
	if err != nil {
		return err
	}
	in := v.invite(srv, secrets)
	err = s.Print(in, in.write)
	<-ctx.Done()
	return errors.Join(err, srv.close())
}

// onLoopback refuses to offer a vendor whose tokens everybody knows to other machines.
func onLoopback(addr string) error {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return cli.Usage("--addr %q: want HOST:PORT, such as 127.0.0.1:4000", addr)
	}
	if !loopback(name) {
		return cli.Usage("--addr %q: its token is no secret, so it is served on loopback only", addr)
	}
	return nil
}

// served is a vendor that listens.
type served struct {
	origin string // http://host:port
	base   string // base URL for the grant
	server *http.Server
	done   chan error
}

func serve(ctx context.Context, v vendor, addr string) (*served, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, cli.Hint(err, "choose another --addr; port 0 takes a free one")
	}
	s := &served{
		origin: "http://" + l.Addr().String(),
		base:   "http://" + l.Addr().String() + v.path,
		server: &http.Server{Handler: v.handler, ReadHeaderTimeout: 5 * time.Second},
		done:   make(chan error, 1),
	}
	go func() { s.done <- s.server.Serve(l) }()
	return s, nil
}

func (s *served) close() error {
	err := s.server.Close()
	if e := <-s.done; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
