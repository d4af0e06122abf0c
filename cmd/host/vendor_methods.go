package main

import (
	"fmt"
	"io"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/tallyfy"
)

// vendorMethod is an auth method of a simulated vendor beside the token, with made-up values.
type vendorMethod struct {
	Auth    string            `json:"auth"`
	Fields  map[string]string `json:"fields"`
	Secrets map[string]string `json:"secrets"`
	URLs    map[string]string `json:"urls,omitempty"` // paths at first, whole once the vendor listens
}

func tallyfyMethods() []vendorMethod {
	secrets := map[string]string{"client_secret": tallyfy.AppSecret}
	return []vendorMethod{
		{"login", map[string]string{"client_id": tallyfy.AppID}, secrets,
			map[string]string{"authorize_url": "/oauth/authorize", "token_url": "/oauth/token"}},
		{"application", map[string]string{"client_id": tallyfy.AppID, "user_email": "ada@acme.example"}, secrets,
			map[string]string{"step:0": "/oauth/token", "step:1": "/api/applications/" + tallyfy.AcmeOrg + "/users/ada@acme.example/token"}},
	}
}

func netsuiteMethods(s *netsuite.Server) []vendorMethod {
	const token = "/services/rest/auth/oauth2/v1/token"
	return []vendorMethod{
		{"tba", map[string]string{"consumer_key": netsuite.ConsumerKey, "token_id": netsuite.TokenID},
			map[string]string{"consumer_secret": netsuite.ConsumerSecret, "token_secret": netsuite.TokenSecret}, nil},
		{"login", map[string]string{"client_id": netsuite.ClientID}, map[string]string{"client_secret": netsuite.ClientSecret},
			map[string]string{"authorize_url": "/app/login/oauth2/authorize.nl", "token_url": token}},
		{"certificate", map[string]string{"client_id": netsuite.MachineID, "key_id": netsuite.CertificateID},
			map[string]string{"private_key": s.CertificateKey()}, map[string]string{"token_url": token}},
	}
}

// at returns the method with whole URLs.
func (m vendorMethod) at(origin string) vendorMethod {
	urls := map[string]string{}
	for name, path := range m.URLs {
		urls[name] = origin + path
	}
	m.URLs = urls
	return m
}

// write prints the flags of host connect, and the secrets that it asks for.
func (m vendorMethod) write(w io.Writer) {
	fmt.Fprintf(w, "or with --auth %s%s", m.Auth, fieldFlags(m.Fields))
	for _, name := range sorted(m.URLs) {
		fmt.Fprintf(w, " --url %s=%s", name, m.URLs[name])
	}
	fmt.Fprintln(w)
	for _, name := range sorted(m.Secrets) {
		fmt.Fprintf(w, "  %s: %s\n", name, m.Secrets[name])
	}
}
