package netsuite_test

import "net/http"

// web keeps no connections: a test server that closes also closes those that http.DefaultClient keeps, and
// with them requests of other tests.
var web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
