package main

import (
	"testing"

	"patchbay/testkit"
)

func TestConnector(t *testing.T) { testkit.Run(t, ".") }
