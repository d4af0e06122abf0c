package host

import (
	"errors"
	"io/fs"
	"maps"
	"testing"

	"patchbay/audit"
)

func TestRestore(t *testing.T) {
	good := func(name string) Saved {
		return Saved{Connection: Connection{Name: name, Connector: "acme/store", Auth: "token"}, Secrets: map[string]string{"token": "t-" + name}}
	}
	override := func(address string, private bool) Saved {
		c := good("other")
		c.URLs, c.AllowPrivate = map[string]string{"api": address}, private
		return c
	}
	for name, c := range map[string]struct {
		saved   []Saved
		replace bool
		audit   error
		want    error // nil: restored; otherwise nothing is changed
		kinds   map[string]int
	}{
		"new ones":                        {saved: []Saved{good("a"), good("b")}, kinds: map[string]int{audit.Connect: 2}},
		"one exists":                      {saved: []Saved{good("a"), good("mine")}, want: fs.ErrExist},
		"one is replaced":                 {saved: []Saved{good("a"), good("mine")}, replace: true, kinds: map[string]int{audit.Connect: 1, audit.Replace: 1}},
		"a name that cannot be":           {saved: []Saved{good("a"), good("../b")}, want: errAny},
		"no connector":                    {saved: []Saved{{Connection: Connection{Name: "a"}}}, want: errAny},
		"the credential in clear":         {saved: []Saved{good("a"), override("http://store.example", false)}, want: errAny},
		"on the admin's own premises":     {saved: []Saved{override("http://store.example", true)}, kinds: map[string]int{audit.Connect: 1}},
		"an address that is none":         {saved: []Saved{override("https://u:p@store.example", true)}, want: errAny},
		"the audit log cannot be written": {saved: []Saved{good("a")}, audit: errors.New("disk full"), want: errAny},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install(t, store)
			w.connect(t, ConnectRequest{Connector: "store", Name: "mine", Values: map[string]string{"token": "s3cret-token"}})
			before, entries := w.vault.All(), len(w.audit.entries)
			if w.audit.fails = c.audit; c.audit != nil {
				w.recorder.add(t.Context(), audit.Entry{Kind: audit.Run}) // and so it is known
			}
			err := w.Restore(t.Context(), c.saved, c.replace)
			w.audit.fails = nil
			if c.want != nil {
				if err == nil || c.want != errAny && !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if after := w.vault.All(); len(after) != len(before) || !maps.Equal(after["mine"], before["mine"]) {
					t.Errorf("the vault has %v, was %v", after, before)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.saved {
				if got := w.vault.All()[s.Name]; !maps.Equal(got, s.Secrets) {
					t.Errorf("%s has %v, want %v", s.Name, got, s.Secrets)
				}
			}
			kinds := map[string]int{}
			for _, e := range w.audit.entries[entries:] {
				kinds[e.Kind]++
				if e.Connection == "other" && (e.Detail["url api"] != "store.example" || e.Detail["private"] != "allowed") {
					t.Errorf("the log does not say what was decided: %v", e.Detail)
				}
			}
			if !maps.Equal(kinds, c.kinds) {
				t.Errorf("entries %v, want %v", kinds, c.kinds)
			}
		})
	}
}

var errAny = errors.New("any")
