package report

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Source says where a connector's files are for those who read about it: a report knows no place of any machine, and
// people want to go to the line and to paste the command. The zero value is a bundle of which nobody knows where it is.
type Source struct {
	Folder   string                 // of the connector, before the names of its files, with slashes; "" for here
	Argument string                 // what pack certify is given to look again, as a shell has it; "" for what findings say
	Previous string                 // what --previous is given, as a shell has it; "" for what findings say
	Line     func(place string) int // where in connector.yaml a JSON pointer leads or an operation begins; 0 for nowhere
}

// manifest is the file that JSON pointers point into.
const manifest = "connector.yaml"

var previous = regexp.MustCompile(`--previous \S+`)

// file is the name of one of the connector's files, from where the reader is.
func (at Source) file(name string) string {
	if at.Folder == "" {
		return name
	}
	return path.Join(at.Folder, name)
}

// line is the line of a place in the manifest, or 0.
func (at Source) line(place string) int {
	if at.Line == nil {
		return 0
	}
	return at.Line(place)
}

// command is a finding's command for where the reader is.
func (at Source) command(reproduce string) string {
	if at.Previous != "" {
		reproduce = previous.ReplaceAllLiteralString(reproduce, "--previous "+at.Previous)
	}
	if at.Argument == "" || reproduce == "" {
		return reproduce
	}
	options, _, _ := strings.Cut(reproduce, " dist/")
	return options + " " + at.Argument
}

// show is a place for people: with the manifest's line before a JSON pointer, where there is one, so that editors and
// terminals lead there.
func (at Source) show(place string) string {
	switch line := at.line(place); {
	case strings.HasPrefix(place, "/") && line > 0:
		return fmt.Sprintf("%s:%d %s", at.file(manifest), line, place)
	case place == "" || place == "guest" || strings.HasPrefix(place, "/") || operation.MatchString(place):
		return place
	}
	return at.file(place)
}
