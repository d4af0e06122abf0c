package report

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// manifest is the file that JSON pointers point into.
const manifest = "connector.yaml"

var (
	operation = regexp.MustCompile(`^[a-z]+ [a-z0-9_]+$`) // "action launch_process"
	fileLine  = regexp.MustCompile(`(?s)^(.+):([1-9][0-9]{0,8})$`)
)

// sarifPlace turns a place into a location. A pointer has the manifest as its file, and no line: it would be a guess.
func sarifPlace(place string) []sarifLocation {
	switch {
	case place == "":
		return nil
	case place == "guest":
		return []sarifLocation{{Logical: []sarifLogical{{Name: place, Kind: "module"}}}}
	case operation.MatchString(place):
		return []sarifLocation{{Logical: []sarifLogical{{Name: place, Kind: "function"}}}}
	case strings.HasPrefix(place, "/"):
		return []sarifLocation{{Physical: inFile(manifest, 0), Logical: []sarifLogical{{Name: place, Kind: "value"}}}}
	}
	if m := fileLine.FindStringSubmatch(place); m != nil {
		line, _ := strconv.Atoi(m[2])
		return []sarifLocation{{Physical: inFile(m[1], line)}}
	}
	return []sarifLocation{{Physical: inFile(place, 0)}}
}

func inFile(name string, line int) *sarifPhysical {
	p := &sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: name}).String()}}
	if line > 0 {
		p.Region = &sarifRegion{line}
	}
	return p
}

// fingerprint is the same for the same finding in another version, though its line has moved.
func fingerprint(f Finding) string {
	place := f.Place
	if m := fileLine.FindStringSubmatch(place); m != nil {
		place = m[1]
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(f.Rule+"\x00"+place+"\x00"+f.Evidence)))
}
