package build

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/internal/sbom"
	"patchbay/manifest"
	"patchbay/wasm"
)

const head = `schema: patchbay/v1
publisher: acme
name: tiny
version: 0.1.0
title: Tiny
description: Does nothing, for tests.
categories: [developer-tools]
license: Apache-2.0
actions:
  - name: nothing
    title: Nothing
    description: Does nothing.
    read_only: true
    input: {type: object, additionalProperties: false}
    output: {type: object, additionalProperties: false}
    samples: [{input: {}, output: {}}]
`

const (
	prebuilt = head + "guest: {module: guest.wasm}\n"
	source   = head + "guest: {package: .}\n"
)

// files are a connector's folder: slash-separated name to content.
type files map[string]string

// write lays f down in a new folder and returns its path.
func (f files) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// with returns a copy of f with other files laid over it.
func (f files) with(more files) files {
	out := maps.Clone(f)
	maps.Copy(out, more)
	return out
}

func good() files { return files{ManifestFile: prebuilt, "guest.wasm": module()} }

// module is the smallest guest, by hand; with imports, each a function call of that module.
func module(imports ...string) string {
	sized := func(s string) string { return string(rune(len(s))) + s } // all here are shorter than 128 bytes
	section := func(id byte, s string) string { return string(id) + sized(s) }
	b := "\x00asm\x01\x00\x00\x00" + section(1, "\x02\x60\x01\x7f\x01\x7f\x60\x03\x7f\x7f\x7f\x01\x7e")
	if n := len(imports); n > 0 {
		list := string(rune(n))
		for _, name := range imports {
			list += sized(name) + sized("call") + "\x00\x01"
		}
		b += section(2, list)
	}
	return b + section(3, "\x01\x00") + section(5, "\x01\x00\x01") +
		section(7, "\x02"+sized(abi.ExportMemory)+"\x02\x00"+sized(abi.ExportInvoke)+"\x00"+string(rune(len(imports)))) +
		section(10, "\x01\x04\x00\x41\x00\x0b")
}

func build(t *testing.T, dir string) *bundle.Bundle {
	t.Helper()
	b, err := Connector(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConnector_Collects(t *testing.T) {
	t.Parallel()
	plain := build(t, good().write(t)).Contents()
	if plain.Readme != nil || plain.Icon != nil || len(plain.Cases) != 0 {
		t.Errorf("the smallest folder gave %d bytes of README, %d of icon and %d cases", len(plain.Readme), len(plain.Icon), len(plain.Cases))
	}
	full := good().with(files{
		ManifestFile: prebuilt + "icon: art/icon.svg\n", "art/icon.svg": "<svg/>", "README.md": "# Tiny\n",
		"testdata/cases/b.txtar": "b", "testdata/cases/a.txtar": "a",
		"testdata/cases/notes.md": "no case", "testdata/c.txtar": "elsewhere", "secret.env": "stays",
	})
	m, err := manifest.Parse([]byte(full[ManifestFile]))
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := bundle.Contents{
		Module: []byte(module()), Manifest: canonical, Readme: []byte("# Tiny\n"), Icon: []byte("<svg/>"), IconType: bundle.TypeSVG,
		Cases: map[string][]byte{"a.txtar": []byte("a"), "b.txtar": []byte("b")},
	}
	if diff := cmp.Diff(want, build(t, full.write(t)).Contents()); diff != "" {
		t.Error(diff)
	}
	png := full.with(files{ManifestFile: prebuilt + "icon: icon.png\n", "icon.png": "png"})
	if got := build(t, png.write(t)).Contents(); got.IconType != bundle.TypePNG || string(got.Icon) != "png" {
		t.Errorf("icon.png became %q of type %s", got.Icon, got.IconType)
	}
}

func TestConnector_SameBytesFromAnyPath(t *testing.T) {
	t.Parallel()
	f := good().with(files{"README.md": "x", "testdata/cases/a.txtar": "a", "testdata/cases/b.txtar": "b"})
	first, second := f.write(t), filepath.Join(f.write(t), "[odd] näme*")
	if err := os.CopyFS(second, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	one, again, other := build(t, first), build(t, first), build(t, second)
	if one.Digest() != again.Digest() || one.Digest() != other.Digest() {
		t.Errorf("digests %s, %s and %s of the same files", one.Digest(), again.Digest(), other.Digest())
	}
}

func TestConnector_Refuses(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", maxFile+1)
	for _, tt := range []struct {
		name  string
		files files
		is    error // matched by the error, unless nil
		want  string
	}{
		{"no manifest", files{"README.md": ""}, fs.ErrNotExist, "has no connector.yaml"},
		{"manifest too large", good().with(files{ManifestFile: strings.Repeat("#", manifest.MaxSize+1)}), nil, "connector.yaml has"},
		{"module missing", files{ManifestFile: prebuilt}, fs.ErrNotExist, "guest: guest.wasm is not there: build it first"},
		{"module empty", good().with(files{"guest.wasm": ""}), nil, "guest: "},
		{"not a module", good().with(files{"guest.wasm": "#!/bin/sh"}), nil, "guest: not a WebAssembly module"},
		{"not a guest", good().with(files{"guest.wasm": "\x00asm\x01\x00\x00\x00"}), wasm.ErrABI, "does not export memory"},
		{"module too large", good().with(files{"guest.wasm": strings.Repeat("x", wasm.MaxSize+1)}), nil, "guest: guest.wasm has"},
		{"http without a grant", good().with(files{"guest.wasm": module(abi.ModuleSys, abi.ModuleHTTP)}), nil,
			"guest: it imports patchbay.http.v1, but connector.yaml asks for no http grant: list the hosts"},
		{"icon missing", good().with(files{ManifestFile: prebuilt + "icon: icon.svg\n"}), fs.ErrNotExist, "icon: icon.svg is not there: add it"},
		{"icon too large", good().with(files{ManifestFile: prebuilt + "icon: icon.svg\n", "icon.svg": big}), nil, "icon: icon.svg has 1048577 bytes, at most 1048576"},
		{"README too large", good().with(files{"README.md": big}), nil, "README.md has 1048577 bytes"},
		{"case too large", good().with(files{"testdata/cases/a.txtar": big}), nil, "case: testdata/cases/a.txtar has 1048577 bytes"},
		{"case is a folder", good().with(files{"testdata/cases/a.txtar/x": ""}), nil, "case: testdata/cases/a.txtar is not a regular file"},
		{"case is no text", good().with(files{"testdata/cases/a.txtar": "\xff"}), nil, "UTF-8"},
		{"cases is a file", good().with(files{"testdata/cases": ""}), nil, "cases: "},
		{"README is a folder", good().with(files{"README.md/x": ""}), nil, "README.md is not a regular file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.files.write(t), tt.is, tt.want)
		})
	}
}

func refused(t *testing.T, dir string, is error, want string) {
	t.Helper()
	b, err := Connector(t.Context(), dir, Options{})
	if err == nil {
		t.Fatalf("built %s", b.Digest())
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q in it", err, want)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("error %q does not match %q", err, is)
	}
}

func TestConnector_LimitsAreReached(t *testing.T) {
	t.Parallel()
	f := good().with(files{"README.md": strings.Repeat("x", maxFile)})
	if got := len(build(t, f.write(t)).Contents().Readme); got != maxFile {
		t.Errorf("README of %d bytes, want %d", got, maxFile)
	}
}

func TestConnector_NoFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "absent")
	refused(t, dir, fs.ErrNotExist, "absent")
	if _, err := Manifest(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Manifest: %v, want fs.ErrNotExist", err)
	}
}

func TestManifest_Diagnostics(t *testing.T) {
	t.Parallel()
	dir := good().with(files{ManifestFile: strings.Replace(prebuilt, "actions:", "actons:", 1)}).write(t)
	_, err := Connector(t.Context(), dir, Options{})
	_, alone := Manifest(dir)
	for _, err := range []error{err, alone} {
		var d manifest.Diagnostics
		if !errors.As(err, &d) || !strings.Contains(err.Error(), "actons") {
			t.Errorf("error %v, want diagnostics about actons", err)
		}
	}
}

func TestConnector_HTTPWithGrant(t *testing.T) {
	t.Parallel()
	grant := "http:\n  - {id: api, url: https://api.example.com, methods: [GET], reason: Reads.}\n"
	build(t, files{ManifestFile: prebuilt + grant, "guest.wasm": module(abi.ModuleSys, abi.ModuleHTTP)}.write(t))
}

// TestConnector_Links plants links in every place that a bundle is read from: inside the folder they are
// followed, but none carries a file from outside into the bundle.
func TestConnector_Links(t *testing.T) {
	t.Parallel()
	with := prebuilt + "icon: icon.svg\n"
	whole := files{ManifestFile: with, "guest.wasm": module(), "icon.svg": "<svg/>", "README.md": "x", "testdata/cases/a.txtar": "a"}
	for _, name := range []string{ManifestFile, "guest.wasm", "icon.svg", "README.md", "testdata/cases/a.txtar", "testdata/cases", "testdata"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, outside := whole.write(t), filepath.Join(t.TempDir(), "outside")
			path := filepath.Join(dir, filepath.FromSlash(name))
			move := func(to string) {
				if err := errors.Join(os.Rename(path, to), os.Symlink(to, path)); err != nil {
					t.Fatal(err)
				}
			}
			move(outside)
			refused(t, dir, nil, "escapes")
			if err := errors.Join(os.Remove(path), os.Rename(outside, path+".real"), os.Symlink(filepath.Base(path)+".real", path)); err != nil {
				t.Fatal(err)
			}
			build(t, dir)
		})
	}
}

func TestConnector_Pipe(t *testing.T) {
	t.Parallel()
	dir := good().write(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "README.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, nil, "README.md is not a regular file")
}

// fakeGo, in the environment, makes this test binary stand in for the go command.
const fakeGo = "BUILD_TEST_GO"

func TestMain(m *testing.M) {
	switch os.Getenv(fakeGo) {
	case "":
		os.Exit(m.Run())
	case "fail":
		os.Stderr.WriteString("./main.go:3:1: undefined: nothing\n")
		os.Exit(1)
	case "hang":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, os.Interrupt)
		os.Stdout.WriteString("running\n")
		<-asked
		os.Stdout.WriteString("ended\n")
		os.Exit(1)
	}
	switch os.Args[1] {
	case "list":
		os.Stdout.WriteString(strings.ReplaceAll(listed, "$DIR", os.Getenv("BUILD_TEST_DIR")))
		os.Exit(0)
	case "env":
		os.Stdout.WriteString("go1.99.1 X:none\n")
		os.Exit(0)
	}
	out := os.Args[slices.Index(os.Args, "-o")+1]
	work := filepath.Dir(out)
	seen := strings.Join(os.Args[1:], "\n") + "\n" + strings.Join(os.Environ(), "\n")
	if err := errors.Join(os.WriteFile(filepath.Join(work, "seen"), []byte(seen), 0o600), os.WriteFile(out, []byte(module()), 0o600)); err != nil {
		panic(err)
	}
}

// listed is what 'go list' says of a guest: packages of the standard library and of its own module, and others.
const listed = `{"Standard": true}
{"Module": {"Path": "example.com/lib", "Version": "v1.2.0", "Dir": "$DIR/lib"}}
{"Module": {"Path": "example.com/lib", "Version": "v1.2.0", "Dir": "$DIR/lib"}}
{"Module": {"Path": "example.com/near", "Version": "v0.0.0", "Replace": {"Path": "$DIR/near", "Dir": "$DIR/near"}}}
{"Module": {"Path": "example.com/old", "Version": "v1.0.0", "Replace": {"Path": "example.com/fork", "Version": "v1.1.0", "Dir": "$DIR/fork"}}}
{"Module": {"Path": "example.com/guest", "Main": true, "Dir": "$DIR"}}
`

func TestConnector_Materials(t *testing.T) {
	t.Setenv(fakeGo, "write")
	f := files{ManifestFile: source, "lib/LICENSE": "Apache License, Version 2.0", "fork/COPYING": "This is free and unencumbered software released into the public domain."}
	want := sbom.New(sbom.Connector("acme", "tiny", "0.1.0", "Apache-2.0"), []sbom.Component{
		sbom.Module("example.com/lib", "v1.2.0", "Apache-2.0"), sbom.Module("example.com/near", "v0.0.0", ""),
		sbom.Module("example.com/fork", "v1.1.0", "Unlicense"), sbom.Module("std", "1.99.1", "BSD-3-Clause"),
	})
	for range 2 { // from two folders
		dir := f.write(t)
		t.Setenv("BUILD_TEST_DIR", dir)
		b, err := Connector(t.Context(), dir, Options{Go: self(t)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := sbom.Parse(b.Contents().SBOM)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if bytes.Contains(b.Contents().SBOM, []byte(dir)) {
			t.Error("a path of this machine is in the bill of materials")
		}
	}
}

func TestConnector_MaterialsOfPrebuilt(t *testing.T) {
	t.Parallel()
	if got := build(t, good().write(t)).Contents().SBOM; got != nil {
		t.Errorf("a module built elsewhere has a bill of materials: %s", got)
	}
	if got := build(t, good().with(files{"sbom.json": "{}"}).write(t)).Contents().SBOM; string(got) != "{}" {
		t.Errorf("SBOM %q, want the author's own", got)
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompile_Command(t *testing.T) {
	t.Setenv(fakeGo, "write")
	t.Setenv("GOFLAGS", "-tags=mine")
	t.Setenv("GOOS", "plan9")
	dir, work := files{ManifestFile: source}.write(t), filepath.Join(t.TempDir(), "new", "work")
	b, err := Connector(t.Context(), dir, Options{Go: self(t), WorkDir: work})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]byte(module()), b.Contents().Module); diff != "" {
		t.Error(diff)
	}
	data, err := os.ReadFile(filepath.Join(work, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Split(string(data), "\n")
	for _, want := range []string{"-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "./.",
		"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off", "GOEXPERIMENT=", "GOWASM="} {
		if !slices.Contains(seen, want) {
			t.Errorf("the go command was not given %s", want)
		}
	}
	if info, err := os.Stat(work); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("work folder: %v, %v; want it for its owner alone", info.Mode(), err)
	}
}

func TestCompile_TemporaryFolderIsRemoved(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv(fakeGo, "write")
	t.Setenv("TMPDIR", tmp)
	if _, err := Connector(t.Context(), files{ManifestFile: source}.write(t), Options{Go: self(t)}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestCompile_Error(t *testing.T) {
	t.Setenv(fakeGo, "fail")
	_, err := Connector(t.Context(), files{ManifestFile: source}.write(t), Options{Go: self(t)})
	var compile *CompileError
	if !errors.As(err, &compile) || compile.Output != "./main.go:3:1: undefined: nothing" {
		t.Fatalf("error %v, want a CompileError with the compiler's words", err)
	}
	if want := "the guest does not compile:\n./main.go:3:1: undefined: nothing"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// TestCompile_Canceled cancels a compiler that would never end, and looks that it was asked and not killed.
func TestCompile_Canceled(t *testing.T) {
	t.Setenv(fakeGo, "hang")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cmd := command(ctx, self(t), t.TempDir(), ".", "x")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "running" {
		t.Errorf("first line %q", lines.Text())
	}
	cancel(cause)
	if !lines.Scan() || lines.Text() != "ended" {
		t.Errorf("after the end: %q, %v", lines.Text(), lines.Err())
	}
	if err := explain(ctx, cmd.Wait(), nil); !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
}

func TestCompile_NoToolchain(t *testing.T) {
	t.Parallel()
	dir := files{ManifestFile: source, "notgo": ""}.write(t)
	for tool, want := range map[string]error{
		filepath.Join(dir, "absent"): ErrNoToolchain,
		"patchbay-no-such-command":   ErrNoToolchain,
		filepath.Join(dir, "notgo"):  fs.ErrPermission,
	} {
		if _, err := Connector(t.Context(), dir, Options{Go: tool}); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", tool, err, want)
		}
	}
}

// TestCompile_Toolchain builds one guest with the real toolchain, from two paths, and one that does not compile.
func TestCompile_Toolchain(t *testing.T) {
	t.Parallel()
	const guest = "package main\n\nfunc main() {}\n\n//go:wasmexport patchbay_invoke\nfunc invoke(int32) int32 { return 0 }\n"
	f := files{ManifestFile: source, "go.mod": "module tiny\n\ngo 1.26.0\n", "main.go": guest}
	work := t.TempDir()
	var digests []string
	for range 2 {
		b, err := Connector(t.Context(), f.write(t), Options{WorkDir: work})
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, b.Digest())
	}
	if digests[0] != digests[1] {
		t.Errorf("digests %q of the same sources", digests)
	}
	_, err := Connector(t.Context(), f.with(files{"main.go": "package main\n\nfunc main() { nothing() }\n"}).write(t), Options{WorkDir: work})
	var compile *CompileError
	if !errors.As(err, &compile) || !strings.Contains(compile.Output, "undefined: nothing") {
		t.Errorf("error %v, want a CompileError that names what is undefined", err)
	}
}
