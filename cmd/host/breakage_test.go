package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"patchbay/bundle"
	"patchbay/testkit/report"
)

// flip changes one bit of one byte: flip FILE OFFSET
func flip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	flipByte(ts, path, offset)
}

func flipByte(ts *testscript.TestScript, path string, offset int) {
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[offset] ^= 1
	ts.Check(os.Chmod(path, 0o600))
	ts.Check(os.WriteFile(path, data, 0o600))
}

// flipSame changes one bit in the file below a folder that holds what another file does: flip-same DIR FILE
func flipSame(ts *testscript.TestScript, _ bool, args []string) {
	want, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	found := ""
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Equal(data, want) {
			found = path
		}
		return err
	}))
	flipByte(ts, found, len(want)/2)
}

// forge certifies what was never found, over a bundle's certificate, with the certifier's own key:
// forge KEY NAME-VERSION.bundle
func forge(ts *testscript.TestScript, _ bool, args []string) {
	k, err := bundle.ReadKey(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := bundle.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	base := strings.TrimSuffix(ts.MkAbs(args[1]), ".bundle")
	data, err := os.ReadFile(base + ".report.json")
	ts.Check(err)
	var r report.Report
	ts.Check(json.Unmarshal(data, &r))
	r.Figures[0].Fuel = 1
	c, err := bundle.Certify(b, &r, k, time.Now(), time.Now().Add(time.Hour))
	ts.Check(err)
	ts.Check(os.WriteFile(base+".report.json", c.Report, 0o644))
	ts.Check(os.WriteFile(base+".certificate.json", c.Envelope, 0o644))
}

// replace changes the first of some words in a file: replace FILE OLD NEW
func replace(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	if !bytes.Contains(data, []byte(args[1])) {
		ts.Fatalf("%s does not have %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Replace(data, []byte(args[1]), []byte(args[2]), 1), 0o644))
}

// flipLargest changes one bit in the largest file below a folder: flip-largest DIR OFFSET
func flipLargest(ts *testscript.TestScript, _ bool, args []string) {
	var largest string
	var size int64
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	}))
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	flipByte(ts, largest, offset)
}

// truncated writes the first half of the module in a bundle: truncated BUNDLE FILE
func truncated(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	start := bytes.Index(data, []byte("\x00asm\x01\x00\x00\x00"))
	if start < 0 {
		ts.Fatalf("%s holds no module", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[start:start+1_500_000], 0o644))
}

func notUTF8(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("{\"name\": \"\xff\"}"), 0o644))
}

func deep(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(`{"name": `+text+"}"), 0o644))
}

// component writes the header of a WebAssembly component: version 13, layer 1.
func component(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("\x00asm\x0d\x00\x01\x00"), 0o644))
}
