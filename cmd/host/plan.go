package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"patchbay/host"
	"patchbay/internal/cli"
)

// showPlan prints what connecting would ask for and where it would go.
func showPlan(ctx context.Context, s *cli.Streams, a *app, req host.ConnectRequest) error {
	p, err := a.host.Plan(ctx, req)
	if err != nil {
		return err
	}
	return s.Print(p, func(w io.Writer) { writePlan(w, p) })
}

var keptWords = map[string]string{
	"vault":      "sealed in the vault; neither the connector nor any command gets to see it",
	"connection": "kept with the connection, which the connector sees",
	"vendor":     "comes with the vendor's answer",
}

func writePlan(w io.Writer, p host.Plan) {
	fmt.Fprintf(w, "nothing was done. 'host connect' would make the connection %s to %s@%s by its auth method %s (%s)\n",
		p.Connection, p.Connector, p.Version, p.Auth, p.Type)
	if p.Env != "" {
		fmt.Fprintf(w, "it would be labelled %s\n", cli.Clean(p.Env))
	}
	if p.Replaces {
		fmt.Fprintf(w, "a connection of that name exists: it would be replaced\n")
	}
	var rows [][]string
	for _, f := range p.Fields {
		state := "optional"
		switch {
		case f.Given:
			state = "given"
		case f.Required:
			state = "asked for"
		}
		rows = append(rows, []string{f.Name, f.Title, state, keptWords[f.Kept]})
	}
	fmt.Fprintln(w)
	cli.Table(w, []string{"value", "title", "", "where it goes"}, rows)
	list(w, "the credential would be asked for at", p.Servers)
	list(w, "with the scopes", p.Scopes)
	list(w, "it would be sent along with the connector's requests to", p.Hosts)
}

func list(w io.Writer, title string, items []string) {
	if len(items) == 0 {
		return
	}
	for i, item := range items {
		items[i] = cli.Clean(item)
	}
	fmt.Fprintf(w, "\n%s\n  %s\n", title, strings.Join(items, "\n  "))
}
