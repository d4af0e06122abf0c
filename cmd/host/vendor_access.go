package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"patchbay/internal/cli"
	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/tallyfy"
)

// access is how a simulated vendor's account is connected to by one auth method. The secrets are made up, and good
// for nothing else.
type access struct {
	auth    string
	fields  map[string]string
	secrets map[string]string
	urls    map[string]string // paths at the vendor, by the name of the address that they stand in for
}

const memberTokens = "/api/applications/" + tallyfy.AcmeOrg + "/users/ada@acme.example/token"

var tallyfyAccess = []access{
	{auth: "token", secrets: map[string]string{"token": tallyfy.AdminToken}},
	{
		auth: "login", fields: map[string]string{"client_id": tallyfy.AppID}, secrets: map[string]string{"client_secret": tallyfy.AppSecret},
		urls: map[string]string{"authorize_url": "/oauth/authorize", "token_url": "/oauth/token"},
	},
	{
		auth: "application", fields: map[string]string{"client_id": tallyfy.AppID, "user_email": "ada@acme.example"},
		secrets: map[string]string{"client_secret": tallyfy.AppSecret},
		urls:    map[string]string{"step:0": "/oauth/token", "step:1": memberTokens},
	},
}

// netsuiteAccess is that of an account, one of whose keys is made with it.
func netsuiteAccess(s *netsuite.Server) []access {
	const token = "/services/rest/auth/oauth2/v1/token"
	return []access{
		{auth: "access_token", secrets: map[string]string{"token": netsuite.AdminToken}},
		{
			auth:    "tba",
			fields:  map[string]string{"consumer_key": netsuite.ConsumerKey, "token_id": netsuite.TokenID},
			secrets: map[string]string{"consumer_secret": netsuite.ConsumerSecret, "token_secret": netsuite.TokenSecret},
		},
		{
			auth: "login", fields: map[string]string{"client_id": netsuite.ClientID}, secrets: map[string]string{"client_secret": netsuite.ClientSecret},
			urls: map[string]string{"authorize_url": "/app/login/oauth2/authorize.nl", "token_url": token},
		},
		{
			auth: "certificate", fields: map[string]string{"client_id": netsuite.MachineID, "key_id": netsuite.CertificateID},
			secrets: map[string]string{"private_key": s.CertificateKey()}, urls: map[string]string{"token_url": token},
		},
	}
}

// command is what a person types to connect, in the lines that it is shown in.
func (v vendor) command(a access, srv *served, secrets string) []string {
	lines := []string{
		fmt.Sprintf("host connect %s --auth %s --allow-private", v.name, a.auth),
		strings.TrimSpace(fieldFlags(v.fields) + fieldFlags(a.fields)),
	}
	for _, name := range sorted(a.secrets) {
		lines = append(lines, "--secret "+name+"=@"+secretFile(secrets, a.auth, name))
	}
	lines = append(lines, fmt.Sprintf("--url %s=%s", v.grant, srv.base))
	for _, name := range sorted(a.urls) {
		lines = append(lines, fmt.Sprintf("--url %s=%s", name, srv.origin+a.urls[name]))
	}
	return lines
}

// writeSecrets puts the secrets into files of dir, for commands to read: none stands on a command line, and one of several
// lines can be pasted.
func (v vendor) writeSecrets(dir string) error {
	for _, a := range v.access {
		for name, value := range a.secrets {
			if err := os.WriteFile(secretFile(dir, a.auth, name), []byte(value), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

func secretFile(dir, auth, name string) string { return filepath.Join(dir, auth+"."+name) }

// invitation is what the command vendor prints.
type invitation struct {
	Vendor  string            `json:"vendor"`
	URL     string            `json:"url"`
	Fields  map[string]string `json:"fields"`
	Secrets string            `json:"secrets"` // folder with a file for each
	Connect []connectCommand  `json:"connect"`
}

type connectCommand struct {
	Auth    string `json:"auth"`
	Command string `json:"command"`
	lines   []string
}

func (v vendor) invite(srv *served, secrets string) invitation {
	in := invitation{Vendor: v.name, URL: srv.base, Fields: v.fields, Secrets: secrets}
	for _, a := range v.access {
		lines := v.command(a, srv, secrets)
		in.Connect = append(in.Connect, connectCommand{a.auth, strings.Join(lines, " "), lines})
	}
	return in
}

func (in invitation) write(w io.Writer) {
	fmt.Fprintf(w, "%s is served at %s; Ctrl-C ends it\nconnect in another terminal, by any of its auth methods:\n", in.Vendor, in.URL)
	for _, c := range in.Connect {
		fmt.Fprintf(w, "\n  %s\n", strings.Join(c.lines, " \\\n    "))
	}
}

// fieldFlags are flags for fields, each after a space.
func fieldFlags(fields map[string]string) string {
	text := ""
	for _, name := range sorted(fields) {
		text += " --field " + name + "=" + cli.Clean(fields[name])
	}
	return text
}
