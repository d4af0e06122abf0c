package oauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"patchbay/testkit/vendors/oauth"
)

// A test starts a server, lets its client work, and asks what happened.
func Example() {
	server := oauth.New(oauth.Config{ExpiresIn: oauth.AsString})
	defer server.Close()
	ts := httptest.NewServer(server)
	defer ts.Close()

	_, refresh := server.Issue(oauth.PublicID, "ada", "read")
	form := url.Values{"grant_type": {oauth.RefreshToken}, "refresh_token": {refresh}, "client_id": {oauth.PublicID}}
	for range 2 {
		resp, err := http.PostForm(ts.URL+"/token", form)
		if err != nil {
			fmt.Println(err)
			return
		}
		var answer map[string]string
		err = json.NewDecoder(resp.Body).Decode(&answer)
		resp.Body.Close()
		fmt.Println(resp.StatusCode, answer["expires_in"], answer["error_description"], err)
	}
	fmt.Println(server.Counts()[oauth.RefreshToken])
	fmt.Println(server.Revoked())
	// Output:
	// 200 3600  <nil>
	// 400  the refresh token was used before <nil>
	// {1 1}
	// [{family-1 oat-public ada refresh token reuse}]
}
