package listing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"

	"patchbay/bundle"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var icons = []rule.Rule{
	rule.Look(report.Rule{
		ID: "M001", Title: "The listing has an icon", Severity: report.Warning,
		Rationale: "People find a connector by its icon; a list of names all looks the same.",
		Fix:       "add an SVG or PNG file and name it under icon",
		Origin:    "Zapier M004, n8n icon-validation, Airbyte QA",
	}, func(s *rule.Subject, found rule.Found) {
		if s.Manifest.Icon == "" {
			found("/icon", "the manifest names no icon")
		}
	}),
	rule.Look(report.Rule{
		ID: "M010", Title: "The icon is a picture", Severity: report.Error,
		Rationale: "A file that no browser can draw leaves a hole in every list.",
		Fix:       "name a PNG file, or an SVG file whose root is svg in the namespace http://www.w3.org/2000/svg",
		Origin:    "n8n icon-validation",
	}, func(s *rule.Subject, found rule.Found) {
		if _, err := measure(s); err != nil {
			found("/icon", "%s: %v", s.Manifest.Icon, err)
		}
	}),
	rule.Look(report.Rule{
		ID: "M011", Title: "The icon is square, and a PNG has 128 to 1024 pixels a side", Severity: report.Warning,
		Rationale: "Lists show icons in squares: others are stretched or cropped, small ones blurred.",
		Fix:       "make width and height equal, in an SVG those of its viewBox",
		Origin:    "Zapier M004 square 256 px, Power Platform 230 px",
	}, func(s *rule.Subject, found rule.Found) {
		at, err := measure(s)
		switch {
		case err != nil || s.Manifest.Icon == "":
		case at.width != at.height:
			found("/icon", "it is %g wide and %g high", at.width, at.height)
		case s.Contents.IconType == bundle.TypePNG && (at.width < 128 || at.width > 1024):
			found("/icon", "it has %g pixels a side", at.width)
		}
	}),
	rule.Look(report.Rule{
		ID: "M012", Title: "The icon is a picture and nothing else", Severity: report.Error,
		Rationale: "An SVG file may hold scripts, and pictures and styles from elsewhere: it would run in the marketplace's pages and tell others who looks.",
		Fix:       "leave out script and foreignObject, event attributes, and references to anything outside the file",
		Origin:    "VS Code no SVG icons",
	}, func(s *rule.Subject, found rule.Found) {
		if s.Contents.IconType == bundle.TypeSVG {
			for _, what := range active(s.Contents.Icon) {
				found("/icon", "%s: %s", s.Manifest.Icon, what)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "M013", Title: "The icon has at most 64 KiB", Severity: report.Warning,
		Rationale: "A list shows many at once.",
		Fix:       "leave out what an editor has put in, or make the picture smaller",
	}, func(s *rule.Subject, found rule.Found) {
		if n := len(s.Contents.Icon); n > 64<<10 {
			found("/icon", "%s has %d bytes", s.Manifest.Icon, n)
		}
	}),
}

// extent is how large a picture is, in pixels or in the units of its viewBox.
type extent struct{ width, height float64 }

// measure reads how large the icon is. It is an error if it is no picture.
func measure(s *rule.Subject) (extent, error) {
	switch s.Contents.IconType {
	case bundle.TypePNG:
		c, err := png.DecodeConfig(bytes.NewReader(s.Contents.Icon))
		return extent{float64(c.Width), float64(c.Height)}, err
	case bundle.TypeSVG:
		return measureSVG(s.Contents.Icon)
	}
	return extent{}, nil
}

func measureSVG(data []byte) (extent, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.Token()
		if err != nil {
			return extent{}, fmt.Errorf("it is no SVG: %w", err)
		}
		root, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if root.Name.Local != "svg" || root.Name.Space != "http://www.w3.org/2000/svg" {
			return extent{}, fmt.Errorf("its root is %s in the namespace %q", root.Name.Local, root.Name.Space)
		}
		at, err := sizeOf(root)
		if err != nil {
			return at, err
		}
		return at, wellFormed(d)
	}
}

// sizeOf reads a viewBox, or width and height where there is none.
func sizeOf(root xml.StartElement) (extent, error) {
	has := map[string]string{}
	for _, a := range root.Attr {
		has[a.Name.Local] = a.Value
	}
	list := strings.Fields(strings.ReplaceAll(has["viewBox"], ",", " "))
	if len(list) != 4 {
		list = []string{"0", "0", strings.TrimSuffix(has["width"], "px"), strings.TrimSuffix(has["height"], "px")}
	}
	w, errW := strconv.ParseFloat(list[2], 64)
	h, errH := strconv.ParseFloat(list[3], 64)
	if errW != nil || errH != nil {
		return extent{}, errors.New("it has neither a viewBox nor a width and height")
	}
	return extent{w, h}, nil
}

func wellFormed(d *xml.Decoder) error {
	for {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("it is no SVG: %w", err)
		}
	}
}

// active returns what in an SVG runs, or comes from elsewhere.
func active(data []byte) (all []string) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	for {
		t, err := d.Token()
		if err != nil {
			return all
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch name := strings.ToLower(t.Name.Local); name {
			case "script", "foreignobject", "iframe", "object", "embed", "animate", "set", "handler":
				all = append(all, "it has the element "+t.Name.Local)
			}
			for _, a := range t.Attr {
				if what := reaches(a); what != "" {
					all = append(all, what)
				}
			}
		case xml.CharData:
			if text := strings.ToLower(string(t)); strings.Contains(text, "@import") || outside(text) {
				all = append(all, "its style refers to something outside the file")
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				all = append(all, "it has the instruction "+t.Target)
			}
		case xml.Directive:
			if strings.Contains(strings.ToUpper(string(t)), "ENTITY") {
				all = append(all, "it declares entities")
			}
		}
	}
}

// reaches says what is wrong with an attribute.
func reaches(a xml.Attr) string {
	name, value := strings.ToLower(a.Name.Local), strings.ToLower(strings.TrimSpace(a.Value))
	switch {
	case strings.HasPrefix(name, "on"):
		return "it has the event attribute " + a.Name.Local
	case (name == "href" || name == "src") && !strings.HasPrefix(value, "#"):
		return fmt.Sprintf("its %s refers to %.60q", a.Name.Local, a.Value)
	case a.Name.Space != "xmlns" && name != "xmlns" && outside(value):
		return fmt.Sprintf("its %s refers to something outside the file", a.Name.Local)
	}
	return ""
}

// elsewhere is a reference of a style to something outside the file.
var elsewhere = regexp.MustCompile(`url\(\s*["']?\s*[^#"'\s)]|javascript:`)

// outside reports whether a style, in lower case, refers to something outside the file.
func outside(style string) bool { return elsewhere.MatchString(style) }
