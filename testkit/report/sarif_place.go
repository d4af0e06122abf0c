package report

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	operation = regexp.MustCompile(`^[a-z]+ [a-z0-9_]+$`) // "action launch_process"
	fileLine  = regexp.MustCompile(`(?s)^(.+):([1-9][0-9]{0,8})$`)
)

// location turns a place into where code hosts show it. They take a file and a line or refuse the whole report, so what
// has none is shown at the manifest's, and what has no line at the first.
func (at Source) location(place string) []sarifLocation {
	switch {
	case place == "":
		return at.inManifest(place, "")
	case place == "guest":
		return at.inManifest(place, "module")
	case operation.MatchString(place):
		return at.inManifest(place, "function")
	case strings.HasPrefix(place, "/"):
		return at.inManifest(place, "value")
	}
	name, line := splitPlace(place)
	return []sarifLocation{{Physical: at.physical(name, line)}}
}

func (at Source) inManifest(place, kind string) []sarifLocation {
	l := sarifLocation{Physical: at.physical(manifest, at.line(place))}
	if place != "" {
		l.Logical = []sarifLogical{{Name: place, Kind: kind}}
	}
	return []sarifLocation{l}
}

func (at Source) physical(name string, line int) sarifPhysical {
	return sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: at.file(name)}).String()}, Region: sarifRegion{max(line, 1)}}
}

// splitPlace returns the file of a place and its line, or 0.
func splitPlace(place string) (name string, line int) {
	m := fileLine.FindStringSubmatch(place)
	if m == nil {
		return place, 0
	}
	line, _ = strconv.Atoi(m[2])
	return m[1], line
}

// fingerprint is the same for the same finding in another version, though its line has moved. It goes by the one name that
// code hosts look for: what they compute themselves is of the line, and two findings of a line would be one.
func fingerprint(f Finding) string {
	name, _ := splitPlace(f.Place)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(f.Rule+"\x00"+name+"\x00"+f.Evidence)))
}
