package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/internal/cli"
	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/tallyfy"
)

// vendor is a simulated vendor, ready to be served.
type vendor struct {
	handler http.Handler
	grant   string            // http grant that its base URL stands in for
	path    string            // of the base URL
	token   string            // made up, and good for nothing else
	fields  map[string]string // connection fields of its account
	methods []vendorMethod    // other auth methods
}

func newVendorServer(name string) (vendor, error) {
	switch name {
	case "tallyfy":
		return vendor{handler: tallyfy.New(tallyfy.Config{}), grant: "api", path: "/api", token: tallyfy.AdminToken,
			fields: map[string]string{"organization": tallyfy.AcmeOrg}, methods: tallyfyMethods()}, nil
	case "netsuite":
		server := netsuite.New(netsuite.Config{})
		return vendor{handler: server, grant: "api", path: "/services/rest", token: netsuite.AdminToken,
			fields: map[string]string{"account": "1234567"}, methods: netsuiteMethods(server)}, nil
	}
	return vendor{}, cli.Hint(cli.WithExit(fmt.Errorf("no vendor %q is simulated", name), cli.ExitNotFound), "there are tallyfy and netsuite")
}

func newVendor(s *cli.Streams) *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:   "vendor tallyfy|netsuite",
		Short: "Serve a simulated vendor on this machine",
		Long: `Vendor serves a faithful imitation of a vendor's API from memory, to try connectors on without an account. It prints
where it listens and how to connect, and runs until it is interrupted.`,
		Example: `  $ host vendor tallyfy --addr 127.0.0.1:4000`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := newVendorServer(args[0])
			if err != nil {
				return err
			}
			if err := onLoopback(addr); err != nil {
				return err
			}
			srv, err := serve(c.Context(), v, addr)
			if err != nil {
				return err
			}
			for i, m := range v.methods {
				v.methods[i] = m.at(strings.TrimSuffix(srv.base, v.path))
			}
			err = s.Print(map[string]any{"vendor": args[0], "url": srv.base, "token": v.token, "fields": v.fields, "methods": v.methods}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is served at %s; Ctrl-C ends it\n", args[0], srv.base)
				fmt.Fprintf(w, "connect with\n  echo %s | host connect %s%s --secret token=- --url %s=%s --allow-private\n", v.token, args[0], fieldFlags(v.fields), v.grant, srv.base)
				for _, m := range v.methods {
					m.write(w)
				}
			})
			<-c.Context().Done()
			return errors.Join(err, srv.close())
		},
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	return c
}

// onLoopback refuses to offer a vendor whose tokens everybody knows to other machines.
func onLoopback(addr string) error {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return cli.Usage("--addr %q: want HOST:PORT, such as 127.0.0.1:4000", addr)
	}
	if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return cli.Usage("--addr %q: its token is no secret, so it is served on loopback only", addr)
	}
	return nil
}

func fieldFlags(fields map[string]string) string {
	text := ""
	for _, name := range sorted(fields) {
		text += " --field " + name + "=" + fields[name]
	}
	return text
}

// served is a vendor that listens.
type served struct {
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
