package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/registry"

	"github.com/rogpeppe/go-internal/testscript"
)

// finding is one of a report's, as far as it must come again.
type finding struct{ Rule, Severity, Place, Evidence, Reproduce string }

// reproduced types the commands that a report's findings name, each in a shell of its own, and wants each to show its
// finding again: reproduced report.json
func reproduced(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reproduced REPORT")
	}
	all := findingsIn(ts, []byte(ts.ReadFile(args[0])))
	if len(all) == 0 {
		ts.Fatalf("the report has no findings")
	}
	for _, f := range all {
		c := exec.Command("sh", "-c", f.Reproduce+" --format json")
		c.Dir = ts.MkAbs(".")
		for _, name := range []string{"PATH", "HOME", "PATCHBAY_HOME", "GOPROXY", "GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT"} {
			c.Env = append(c.Env, name+"="+ts.Getenv(name))
		}
		out, err := c.Output()
		again := map[finding]bool{}
		for _, g := range findingsIn(ts, out) {
			again[g] = true
		}
		if !again[f] {
			ts.Fatalf("%s\ndoes not show %+v, but\n%s\n%v", f.Reproduce, f, out, err)
		}
	}
}

func findingsIn(ts *testscript.TestScript, data []byte) []finding {
	var r struct{ Findings []finding }
	if err := json.Unmarshal(data, &r); err != nil {
		ts.Fatalf("%v in\n%s", err, data)
	}
	return r.Findings
}

// publishAsIs publishes a connector that no certification would pass: those that are made to spy, for one.
func publishAsIs(dir, home string) error {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "patchbay-as-is-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := build.Connector(ctx, dir, build.Options{WorkDir: work})
	if err != nil {
		return err
	}
	key, err := bundle.GenerateKey(b.Manifest().Publisher)
	if err != nil {
		return err
	}
	envelope, err := bundle.Sign(b, key)
	if err != nil {
		return err
	}
	r, err := registry.Open(cli.RegistryDir(home))
	if err != nil {
		return err
	}
	_, err = r.Publish(ctx, b, envelope, key.Public(), registry.PublishOptions{})
	return err
}

// publishScript is publishAsIs in a script: publish DIR
func publishScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: publish DIR")
	}
	ts.Check(publishAsIs(ts.MkAbs(args[0]), ts.Getenv("PATCHBAY_HOME")))
}
