package main

import "patchbay/sdk"

// The init functions of a package run by the names of their files: this file's is the last, when all have registered.
func init() { sdk.Serve(connector()) }
