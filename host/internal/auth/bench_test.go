package auth

import (
	"net/http"
	"testing"
	"time"

	"patchbay/manifest"
)

// What a call pays for its credential when nothing is to be renewed, without the store.
func BenchmarkPrepare(b *testing.B) {
	w := newWorld()
	stored := map[string]string{}
	record{Set: "s", Access: "access", Refresh: "refresh", Obtained: time.Now(), Expires: time.Now().Add(time.Hour)}.write(stored)
	w.secrets.put("acme", stored)
	a := New(w.config())
	for b.Loop() {
		if _, err := a.Prepare(b.Context(), account(codeMethod)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthorize_OAuth1(b *testing.B) {
	acct := Account{Method: manifest.AuthMethod{Type: "oauth1"}, Fields: map[string]string{"consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts"}}
	c, err := New(Config{}).Prepare(b.Context(), acct)
	if err != nil {
		b.Fatal(err)
	}
	r, _ := http.NewRequest("GET", suitetalk+"/record/v1/customer?limit=2&offset=0", nil)
	for b.Loop() {
		if err := c.Authorize(r); err != nil {
			b.Fatal(err)
		}
	}
}
