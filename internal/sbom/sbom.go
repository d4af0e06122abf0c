// Package sbom reads and writes what a guest is made of, as CycloneDX JSON: the modules that were compiled into it, and
// their licences. It holds nothing that differs between machines: no time, serial number or path.
package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Document is a bill of materials, as far as Patchbay reads it.
type Document struct {
	Format       string       `json:"bomFormat"`   // always "CycloneDX"
	Spec         string       `json:"specVersion"` // "1.6"
	Version      int          `json:"version"`     // of the document: 1
	Metadata     Metadata     `json:"metadata"`
	Components   []Component  `json:"components"`
	Dependencies []Dependency `json:"dependencies,omitempty"`
}

// Metadata says what the document is of.
type Metadata struct {
	Component Component `json:"component"`
}

// Component is a connector, or a module that was compiled into it.
type Component struct {
	Type     string    `json:"type"`              // application, library
	Ref      string    `json:"bom-ref,omitempty"` // unique in the document
	Group    string    `json:"group,omitempty"`   // a connector's publisher
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	Licenses []License `json:"licenses,omitempty"`
	PURL     string    `json:"purl,omitempty"` // "pkg:golang/golang.org/x/text@v0.30.0"
}

// License is one licence, by its SPDX id or by another name, or an SPDX expression of several.
type License struct {
	License    *Named `json:"license,omitempty"`
	Expression string `json:"expression,omitempty"`
}

// Named is a licence by its SPDX id, or by a name that is none.
type Named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Dependency says what one component needs.
type Dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// New makes a document of a connector and the modules in it, whose order does not matter.
func New(connector Component, modules []Component) Document {
	modules = slices.Clone(modules)
	slices.SortFunc(modules, func(a, b Component) int { return strings.Compare(a.PURL, b.PURL) })
	needs := Dependency{Ref: connector.Ref}
	for i := range modules {
		modules[i].Ref = modules[i].PURL
		needs.DependsOn = append(needs.DependsOn, modules[i].Ref)
	}
	return Document{Format: format, Spec: "1.6", Version: 1, Metadata: Metadata{connector}, Components: modules, Dependencies: []Dependency{needs}}
}

const format = "CycloneDX"

// Connector is the component of a connector itself.
func Connector(publisher, name, version, license string) Component {
	return Component{
		Type: "application", Ref: publisher + "/" + name + "@" + version, Group: publisher, Name: name, Version: version,
		Licenses: []License{{Expression: license}},
	}
}

// Module is the component of a Go module. license is an SPDX id, or empty if it is not known.
func Module(path, version, license string) Component {
	c := Component{Type: "library", Name: path, Version: version, PURL: "pkg:golang/" + path}
	if version != "" {
		c.PURL += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	if license != "" {
		c.Licenses = []License{{License: &Named{ID: license}}}
	}
	return c
}

// JSON is the document's one form.
func (d Document) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return b.Bytes(), err
}

// Parse reads a document. Keys that Patchbay does not know are left alone.
func Parse(data []byte) (Document, error) {
	var d Document
	if err := json.Unmarshal(data, &d); err != nil {
		return Document{}, fmt.Errorf("not a CycloneDX document: %w", err)
	}
	switch {
	case d.Format != format:
		return Document{}, fmt.Errorf("not a CycloneDX document: bomFormat is %q", d.Format)
	case !strings.HasPrefix(d.Spec, "1."):
		return Document{}, fmt.Errorf("specVersion %q: want 1.4 to 1.6", d.Spec)
	case d.Metadata.Component.Name == "":
		return Document{}, errors.New("metadata.component.name is missing: the document does not say what it is of")
	}
	return d, nil
}

// SPDX is a component's licences as one expression, empty if they are not known.
func (c Component) SPDX() string {
	var all []string
	for _, l := range c.Licenses {
		switch {
		case l.Expression != "":
			all = append(all, l.Expression)
		case l.License != nil && l.License.ID != "":
			all = append(all, l.License.ID)
		case l.License != nil && l.License.Name != "":
			all = append(all, l.License.Name)
		}
	}
	return strings.Join(all, " AND ")
}
