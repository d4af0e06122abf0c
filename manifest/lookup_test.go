package manifest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

func everything(t testing.TB) *Manifest {
	t.Helper()
	m, err := Parse(read(t, "testdata/good/everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifest_Lookups(t *testing.T) {
	t.Parallel()
	m := everything(t)
	if got := m.Ref(); got != "acme/desk" {
		t.Error(got)
	}
	a, ok := m.Action("file_ticket")
	_, none := m.Action("ticket_changed")
	if a.Title != "File ticket" || !ok || none {
		t.Error(a, ok, none)
	}
	tr, ok := m.Trigger("ticket_polled")
	if tr.Poll == nil || !ok {
		t.Error(tr, ok)
	}
	f, ok := m.Function(abi.KindOptions, "queues")
	_, none = m.Function(abi.KindSchema, "queues")
	if f.Description != "Queues of the site" || !ok || none {
		t.Error(f, ok, none)
	}
	_, ok = m.Function(abi.KindSchema, "ticket_fields")
	_, none = m.Function(abi.KindAction, "file_ticket")
	if !ok || none {
		t.Error(ok, none)
	}
	g, ok := m.Grant("status")
	if g.Authenticated() || !ok {
		t.Error(g, ok)
	}
	method, ok := m.AuthMethod("token")
	_, none = m.AuthMethod("nobody")
	if method.Type != "bearer" || !ok || none {
		t.Error(method, ok, none)
	}
}

func TestManifest_Operations(t *testing.T) {
	t.Parallel()
	m := everything(t)
	want := []abi.Operation{{Kind: "action", Name: "find_ticket"}, {Kind: "action", Name: "file_ticket"}, {Kind: "action", Name: "upsert_person"},
		{Kind: "action", Name: "subscribe"}, {Kind: "action", Name: "unsubscribe"}, {Kind: "trigger", Name: "ticket_changed"}, {Kind: "trigger", Name: "ticket_polled"},
		{Kind: "trigger", Name: "survey_answered"}, {Kind: "options", Name: "regions"}, {Kind: "options", Name: "queues"}, {Kind: "schema", Name: "ticket_fields"}, {Kind: "test", Name: "ping"}}
	if diff := cmp.Diff(want, m.Operations()); diff != "" {
		t.Error(diff)
	}
	for _, op := range want {
		got, ok := m.Operation(op.Kind, op.Name)
		if !ok || got.Kind != op.Kind || got.Name != op.Name {
			t.Errorf("%v: %+v %v", op, got, ok)
		}
		if _, err := CompileSchema(got.Input); err != nil {
			t.Errorf("%v: input: %v", op, err)
		}
	}
	if _, ok := m.Operation(abi.KindAction, "ping"); ok {
		t.Error("ping is a test, not an action")
	}
	if _, ok := (&Manifest{}).Operation(abi.KindTest, ""); ok {
		t.Error("a manifest without a test has one")
	}
	got, _ := m.Operation(abi.KindAction, "file_ticket")
	if time.Duration(got.Limits.Wall) != time.Minute || got.Limits.HTTPCalls != 5 || got.Limits.Memory != 96<<20 {
		t.Errorf("limits %+v", got.Limits)
	}
}

func TestAuthMethod_AllFields(t *testing.T) {
	t.Parallel()
	m := everything(t)
	type field struct {
		Name             string
		Required, Secret bool
	}
	want := map[string][]field{
		"public":   nil,
		"token":    {{"token", true, true}},
		"api_key":  {{"key", true, true}},
		"password": {{"username", true, false}, {"password", true, true}},
		"pair":     {{"user", true, false}, {"secret", true, true}},
		"account":  {{"client_id", true, false}, {"client_secret", true, true}},
		"machine": {{"client_id", true, false}, {"key_id", false, false}, {"private_key", true, true}, {"certificate", true, true},
			{"certificate_key", true, true}, {"certificate_id", true, false}},
		"robot": {{"client_id", true, false}, {"key_id", false, false}, {"private_key", true, true}},
		"tba":   {{"consumer_key", true, false}, {"consumer_secret", true, true}, {"token_id", true, false}, {"token_secret", true, true}},
		"login": {{"login_name", true, false}, {"login_password", true, true}},
	}
	for _, a := range m.Auth {
		var got []field
		for _, f := range a.AllFields() {
			got = append(got, field{f.Name, f.Required, f.Secret})
		}
		if diff := cmp.Diff(want[a.ID], got); diff != "" {
			t.Errorf("%s:\n%s", a.ID, diff)
		}
	}
	machine, _ := m.AuthMethod("machine")
	if got := machine.AllFields()[2].Title; got != "Private key (PEM)" {
		t.Errorf("a declared field does not replace the implied one: %q", got)
	}
	public := AuthMethod{Type: "oauth2", Grant: "authorization_code", ClientAuth: "none"}
	if got := public.AllFields(); len(got) != 1 || got[0].Name != "client_id" {
		t.Errorf("a public client: %+v", got)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	words := []string{"name", "title", "description", "input", "output", "read_only", "data_classes", "in"}
	for word, want := range map[string]string{"nmae": "name", "titel": "title", "descripton": "description", "readOnly": "read_only", "read-only": "read_only",
		"INPUT": "input", "data_class": "data_classes", "xyz": "", "": "", "outputs": "output", "i": "in"} {
		if got := suggest(word, words); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestCheckLicense(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"MIT", "Apache-2.0", "GPL-2.0+", "MIT OR Apache-2.0", "(MIT AND ISC) OR GPL-3.0-only WITH Classpath-exception-2.0", "LicenseRef-Acme", "DocumentRef-x:LicenseRef-y", "Linux-man-pages-1-para"} {
		if message, fix := checkLicense(good); message != "" {
			t.Errorf("%s: %s %s", good, message, fix)
		}
	}
	for bad, want := range map[string]string{"Apache 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0", "MIT License": "MIT", "mit": "MIT", "MIT or Apache-2.0": "", "MIT AND": "", "(MIT": "",
		"MIT)": "", "MIT ISC": "", "Apache License v2.0": "", "bsd3clause": "BSD-3-Clause", "MIT OR apache2.0": "Apache-2.0", "see LICENSE": ""} {
		message, fix := checkLicense(bad)
		if message == "" || want != "" && fix != "did you mean "+want+"?" {
			t.Errorf("%s: %q %q", bad, message, fix)
		}
	}
}
