package manifest

import "patchbay/internal/strictyaml"

// Lines returns what finds the line, from 1, of a JSON pointer's value in the text of a connector.yaml; where there is no
// such value it is the line of the nearest one around it. A text that is no YAML has no lines: each is 0.
func Lines(text []byte) func(pointer string) int {
	doc, err := strictyaml.Parse(text)
	if err != nil {
		return func(string) int { return 0 }
	}
	return func(pointer string) int { return doc.Key(pointer).Line }
}
