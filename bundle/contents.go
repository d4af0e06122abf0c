package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"patchbay/abi"
	"patchbay/manifest"
)

// Media types of a bundle's image manifest, its parts, signatures and certificates.
const (
	TypeConnector = "application/vnd.patchbay.connector.v1" // artifactType
	TypeConfig    = "application/vnd.wasm.config.v0+json"
	TypeModule    = "application/wasm"
	TypeManifest  = "application/vnd.patchbay.manifest.v1+json"
	TypeReadme    = "text/markdown"
	TypeSVG       = "image/svg+xml"
	TypePNG       = "image/png"
	TypeCases     = "application/vnd.patchbay.cases.v1+json"
	TypeSBOM      = "application/vnd.cyclonedx+json"

	TypeSignature   = "application/vnd.patchbay.signature.v1"   // artifactType
	TypeCertificate = "application/vnd.patchbay.certificate.v1" // artifactType
	TypeEnvelope    = "application/vnd.dsse.envelope.v1+json"
	TypeReport      = "application/vnd.patchbay.report.v1+json"
)

// MaxSize is the greatest size of a bundle's file in bytes.
const MaxSize = 32 << 20

// Contents is what a bundle is made of. Empty parts are absent, but a module and a manifest there must be.
type Contents struct {
	Module   []byte            // the guest, a WebAssembly module
	Manifest []byte            // canonical JSON, from manifest.Manifest.Canonical
	Readme   []byte            // Markdown
	Icon     []byte            // of type IconType
	IconType string            // TypeSVG or TypePNG, when there is an icon
	Cases    map[string][]byte // test cases: slash-separated relative file name to UTF-8 text
	SBOM     []byte            // CycloneDX JSON
}

// part is one layer of a bundle.
type part struct {
	mediaType, title string
	data             []byte
}

// partLimit returns the greatest size of a part in bytes, and 0 for a media type that no part has.
func partLimit(mediaType string) int64 {
	switch mediaType {
	case TypeConfig:
		return 64 << 10
	case TypeModule:
		return 16 << 20
	case TypeManifest:
		return manifest.MaxSize
	case TypeReadme, TypeSVG, TypePNG:
		return 1 << 20
	case TypeCases, TypeSBOM:
		return 8 << 20
	}
	return 0
}

// parts returns the layers of c in their order, absent ones left out.
func (c Contents) parts() ([]part, error) {
	cases, err := encodeCases(c.Cases)
	if err != nil {
		return nil, err
	}
	parts := []part{{TypeModule, "module.wasm", c.Module}, {TypeManifest, "manifest.json", c.Manifest}}
	for _, p := range []part{
		{TypeReadme, "README.md", c.Readme},
		{c.IconType, iconTitle(c.IconType), c.Icon},
		{TypeCases, "cases.json", cases},
		{TypeSBOM, "sbom.json", c.SBOM},
	} {
		if len(p.data) > 0 {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func (p part) check() error {
	if p.title == "" {
		return fmt.Errorf("icon has the type %q; use %s or %s", p.mediaType, TypeSVG, TypePNG)
	}
	if len(p.data) == 0 {
		return fmt.Errorf("%s is missing", p.title)
	}
	if limit := partLimit(p.mediaType); int64(len(p.data)) > limit {
		return fmt.Errorf("%s has %d bytes, at most %d are allowed", p.title, len(p.data), limit)
	}
	return nil
}

func iconTitle(iconType string) string {
	switch iconType {
	case TypeSVG:
		return "icon.svg"
	case TypePNG:
		return "icon.png"
	}
	return ""
}

// set puts a part, read as data, in its place.
func (c *Contents) set(mediaType string, data []byte) (err error) {
	switch mediaType {
	case TypeModule:
		c.Module = data
	case TypeManifest:
		c.Manifest = data
	case TypeReadme:
		c.Readme = data
	case TypeSVG, TypePNG:
		c.Icon, c.IconType = data, mediaType
	case TypeCases:
		c.Cases, err = decodeCases(data)
	case TypeSBOM:
		c.SBOM = data
	}
	return err
}

func encodeCases(cases map[string][]byte) ([]byte, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	texts := make(map[string]string, len(cases))
	for name, data := range cases {
		if !fs.ValidPath(name) || name == "." || len(name) > 255 || strings.ContainsFunc(name, unprintable) {
			return nil, fmt.Errorf("case %q: the name is not a plain relative path of printable ASCII", name)
		}
		if !utf8.Valid(data) {
			return nil, fmt.Errorf("case %q is not UTF-8 text", name)
		}
		texts[name] = string(data)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(texts); err != nil {
		return nil, fmt.Errorf("encode cases: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func unprintable(r rune) bool { return r < ' ' || r > '~' || r == '\\' }

func decodeCases(data []byte) (map[string][]byte, error) {
	if err := abi.CheckJSON(data); err != nil {
		return nil, fmt.Errorf("cases.json: %v", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("cases.json: %v", err)
	}
	cases := make(map[string][]byte, len(texts))
	for name, text := range texts {
		cases[name] = []byte(text)
	}
	return cases, nil
}
