package wasm

import (
	"bytes"
	"fmt"
)

const (
	magic       = "\x00asm"
	coreVersion = "\x01\x00\x00\x00"
	headerSize  = len(magic) + len(coreVersion)
)

// Where to get a core module from, for those who come with something else.
const (
	fixBuild     = "build a core module, in Go with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared"
	fixComponent = "build a core module: take it out with wasm-tools component unbundle, or compile for wasm32-wasip1 " +
		"without the component step, in Go with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared"
)

// checkHeader reads the eight bytes that every module begins with. Of what people hand in instead by
// mistake it recognises the usual, because "wrong magic number" helps nobody.
func checkHeader(data []byte) *Error {
	if len(data) > MaxSize {
		return fileError(ErrLimit, fmt.Sprintf("%d bytes, at most %d are allowed", len(data), MaxSize),
			"build without debug information (-ldflags=\"-s -w\", strip = true) and embed less data")
	}
	if !bytes.HasPrefix(data, []byte(magic)) {
		problem, fix := recognise(data)
		return fileError(ErrNotWasm, problem, fix)
	}
	if len(data) < headerSize {
		return fileError(ErrMalformed, "the file ends within its header", fixMalformed)
	}
	version := data[len(magic):headerSize]
	// The second half of the version is the layer: 0 is a core module, 1 a component.
	if version[2] == 1 && version[3] == 0 {
		return fileError(ErrComponent, "it has the header of a component", fixComponent)
	}
	if string(version) != coreVersion {
		return fileError(ErrUnsupported, fmt.Sprintf("version % x, expected % x", version, coreVersion), fixBuild)
	}
	return nil
}

func recognise(data []byte) (problem, fix string) {
	text := bytes.TrimLeft(data[:min(len(data), 512)], " \t\r\n")
	switch {
	case len(data) == 0:
		return "the file is empty", "look for an error of the build that should have written it"
	case bytes.HasPrefix(text, []byte("(module")), bytes.HasPrefix(text, []byte("(component")),
		bytes.HasPrefix(text, []byte(";;")), bytes.HasPrefix(text, []byte("(;")):
		return "it is in the text format", "assemble it with wat2wasm or wasm-tools parse"
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		return "it is compressed with gzip", "hand in what gunzip makes of it"
	case bytes.HasPrefix(data, []byte("\x7fELF")):
		return "it is a Linux program", fixBuild
	case bytes.HasPrefix(data, []byte("MZ")), bytes.HasPrefix(data, []byte{0xcf, 0xfa, 0xed, 0xfe}):
		return "it is a Windows or macOS program", fixBuild
	case bytes.HasPrefix(data, []byte("!<arch>\n")):
		return "it is an archive of object files", "link it into a module"
	}
	return fmt.Sprintf("it begins with % x, expected % x", data[:min(len(data), len(magic))], magic), fixBuild
}

func fileError(kind error, problem, fix string) *Error {
	return &Error{Kind: kind, Entry: -1, Offset: 0, Problem: problem, Fix: fix}
}
