// Package oidctest holds the tests of package auth against an authorization server that others have written and
// certified: npm's oidc-provider, which tools/oidc serves on loopback. Not for use outside this module.
//
// They need node and what `npm ci` puts into tools/oidc/node_modules, and are skipped without, unless PATCHBAY_OIDC
// is set: then they fail. The server is a child that ends with its standard input, so that it never outlives the test.
package oidctest
