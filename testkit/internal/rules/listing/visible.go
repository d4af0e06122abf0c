package listing

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/png"
	"slices"
	"strings"

	"patchbay/bundle"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var visible = rule.Look(report.Rule{
	ID: "M030", Title: "The icon can be seen on a white page", Severity: report.Warning,
	Rationale: "Lists are white: a white picture on nothing is a hole in them, and so is an empty one.",
	Fix:       "draw a ground behind it, or use a colour",
	Origin:    "Power Platform icon not white",
}, func(s *rule.Subject, found rule.Found) {
	if _, err := measure(s); err != nil || s.Manifest.Icon == "" {
		return
	}
	if s.Contents.IconType == bundle.TypeSVG && !drawsSVG(s.Contents.Icon) || s.Contents.IconType == bundle.TypePNG && !drawsPNG(s.Contents.Icon) {
		found("/icon", "%s draws nothing that is not white", s.Manifest.Icon)
	}
})

// paint is what a shape is drawn with. It is handed down to what is within an element.
type paint struct{ fill, stroke string }

// shapes are the elements that draw with the paint that they are given. What else may draw is taken to be seen.
var (
	shapes = strings.Fields("path rect circle ellipse line polyline polygon text tspan")
	groups = strings.Fields("svg g a symbol switch title desc metadata")
	blanks = strings.Fields("none transparent white #fff #ffff #ffffff #ffffffff rgb(255,255,255)")
)

func drawsSVG(data []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(data))
	within := []paint{{"black", "none"}}
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.StartElement:
			name := t.Name.Local
			if !slices.Contains(shapes, name) && !slices.Contains(groups, name) {
				return true // a style, a gradient or a mask: what comes of it is not known
			}
			p := within[len(within)-1].with(t.Attr)
			if slices.Contains(shapes, name) && !(blank(p.fill) && blank(p.stroke)) {
				return true
			}
			within = append(within, p)
		case xml.EndElement:
			within = within[:max(1, len(within)-1)]
		}
	}
}

// with is the paint with an element's own attributes, those of its style too.
func (p paint) with(attributes []xml.Attr) paint {
	set := func(name, value string) {
		switch strings.TrimSpace(name) {
		case "fill":
			p.fill = value
		case "stroke":
			p.stroke = value
		}
	}
	for _, a := range attributes {
		set(a.Name.Local, a.Value)
		if a.Name.Local == "style" {
			for rule := range strings.SplitSeq(a.Value, ";") {
				name, value, _ := strings.Cut(rule, ":")
				set(name, value)
			}
		}
	}
	return p
}

func blank(color string) bool {
	return slices.Contains(blanks, strings.ToLower(strings.ReplaceAll(strings.TrimSpace(color), " ", "")))
}

func drawsPNG(data []byte) bool {
	picture, err := png.Decode(bytes.NewReader(data))
	return err != nil || anyDark(picture) // one that cannot be decoded is no picture, which another rule says
}

// anyDark reports whether a point would be other than white on a white page.
func anyDark(picture image.Image) bool {
	const little = 0x1000 // of 0xffff
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA() // multiplied by a
			if a-min(r, g, b) > little {
				return true
			}
		}
	}
	return false
}
