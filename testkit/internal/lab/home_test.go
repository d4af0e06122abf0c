package lab

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"patchbay/audit"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/memory"
)

// book is an audit log of kinds.
type book struct{ kinds []string }

func (b *book) Append(_ context.Context, e audit.Entry) error {
	b.kinds = append(b.kinds, e.Kind)
	return nil
}

func (b *book) Ready(context.Context) error { return nil }

// TestLab_Home uses a connection that another host has made, and leaves that host's connectors as they are.
func TestLab_Home(t *testing.T) {
	t.Parallel()
	var seen []string
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.Write([]byte(`{"text": "b"}`))
	}))
	defer vendor.Close()
	log := &book{}
	home := &Home{Store: &memory.Store{}, Vault: &memory.Vault{}, Audit: log, IsConflict: memory.IsConflict, LockDir: t.TempDir()}
	owner, err := host.New(host.Config{Store: home.Store, Vault: home.Vault, IsConflict: memory.IsConflict, Dir: t.TempDir(), CacheDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := owner.Close(background); err != nil {
			t.Error(err)
		}
	})
	saved := host.Saved{Secrets: map[string]string{"token": "t-12345678"}, Connection: host.Connection{
		Name: "mine", Connector: "local/echo", Auth: "token", Fields: map[string]any{"region": "eu"}, URLs: map[string]string{"api": vendor.URL + "/v1"}, AllowPrivate: true}}
	b, err := bundle.New(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	saved.Connector = b.Manifest().Ref()
	if err := owner.Restore(t.Context(), []host.Saved{saved}, false); err != nil {
		t.Fatal(err)
	}
	var exchanges []host.Exchange
	l := open(t, echo(t), Options{CacheDir: cacheDir, Live: true, Home: home, Record: func(e host.Exchange) { exchanges = append(exchanges, e) }})
	if _, err := l.Call(t.Context(), host.ConnectRequest{}, host.Call{Connection: "mine", Operation: "echo", Input: []byte(`{"text": "a"}`)}); err != nil {
		t.Fatal(err)
	}
	if len(exchanges) != 1 || !slices.Equal(seen, []string{"Bearer t-12345678"}) {
		t.Errorf("recorded %v of %v", exchanges, seen)
	}
	if secrets, err := l.Secrets(t.Context(), "mine"); err != nil || secrets["token"] != "t-12345678" {
		t.Errorf("secrets %v, %v", secrets, err)
	}
	if secrets, err := l.Secrets(t.Context(), "nobody"); err != nil || secrets != nil {
		t.Errorf("secrets of nobody: %v, %v", secrets, err)
	}
	if _, err := owner.Installed(t.Context(), saved.Connector); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the home's host has it installed: %v", err)
	}
	if !slices.Equal(log.kinds, []string{audit.Run}) {
		t.Errorf("the audit log has %v", log.kinds)
	}
}

// TestOverlay keeps to itself what is installed, and nothing else.
func TestOverlay(t *testing.T) {
	t.Parallel()
	const connector, connection = "default/connector/acme/shop", "default/connection/mine"
	below := &memory.Store{}
	o := &overlay{Store: below}
	for _, key := range []string{connector, connection} {
		if err := errors.Join(below.Put(t.Context(), key, []byte("below")), o.Put(t.Context(), key, []byte("above"))); err != nil {
			t.Fatal(err)
		}
	}
	read := func(key string) string {
		above, errAbove := o.Get(t.Context(), key)
		under, errUnder := below.Get(t.Context(), key)
		if errors.Is(errAbove, fs.ErrNotExist) {
			above = []byte("nothing")
		}
		if errors.Is(errUnder, fs.ErrNotExist) {
			under = []byte("nothing")
		}
		return string(above) + " on " + string(under)
	}
	if got := []string{read(connector), read(connection)}; !slices.Equal(got, []string{"above on below", "above on above"}) {
		t.Errorf("after putting: %q", got)
	}
	keys, err := o.Keys(t.Context(), "default/connector/")
	if err != nil || len(keys) != 1 {
		t.Errorf("keys %q, %v", keys, err)
	}
	for _, key := range []string{connector, connection} {
		if err := o.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if got := []string{read(connector), read(connection)}; !slices.Equal(got, []string{"nothing on below", "nothing on nothing"}) {
		t.Errorf("after deleting: %q", got)
	}
}
