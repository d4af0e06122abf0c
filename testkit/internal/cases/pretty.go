package cases

import (
	"bytes"
	"encoding/json"
	"strings"

	"patchbay/abi"
)

// lineWidth is how long a line of JSON may become.
const lineWidth = 110

// Pretty writes a JSON document for people: what fits into a line stays in one. Numbers, names and their order stay as
// they are written. What is no JSON is given back unchanged.
func Pretty(data []byte) []byte {
	var compact, b bytes.Buffer
	if abi.CheckJSON(bytes.TrimSpace(data)) != nil || json.Compact(&compact, data) != nil {
		return data
	}
	lay(&b, spaced(compact.Bytes()), 0, 0)
	return b.Bytes()
}

// spaced is compact JSON with a space behind each colon and comma.
func spaced(compact []byte) []byte {
	var out []byte
	scan(compact, func(i, _ int, quoted bool) {
		out = append(out, compact[i])
		if !quoted && (compact[i] == ':' || compact[i] == ',') {
			out = append(out, ' ')
		}
	})
	return out
}

// lay writes one value, behind a name of some width in a line of some indent: in that line, or each part in its own.
func lay(b *bytes.Buffer, value []byte, indent, name int) {
	if strings.IndexByte("{[", value[0]) < 0 || indent+name+len(value) <= lineWidth {
		b.Write(value)
		return
	}
	b.WriteByte(value[0])
	for i, part := range parts(value[1 : len(value)-1]) {
		if i > 0 {
			b.WriteByte(',')
		}
		newLine(b, indent+2)
		at := 0
		if value[0] == '{' {
			at = nameOf(part)
		}
		b.Write(part[:at])
		lay(b, part[at:], indent+2, at)
	}
	newLine(b, indent)
	b.WriteByte(value[len(value)-1])
}

func newLine(b *bytes.Buffer, indent int) { b.WriteString("\n" + strings.Repeat(" ", indent)) }

// parts are the members or elements of spaced JSON without its brackets.
func parts(inner []byte) (all [][]byte) {
	from := 0
	scan(inner, func(i, depth int, quoted bool) {
		if !quoted && depth == 0 && inner[i] == ',' {
			all = append(all, inner[from:i])
			from = i + len(", ")
		}
	})
	return append(all, inner[from:])
}

// nameOf is the width of a member's name, with the colon and the space behind it.
func nameOf(member []byte) (width int) {
	scan(member, func(i, depth int, quoted bool) {
		if width == 0 && !quoted && depth == 0 && member[i] == ':' {
			width = i + len(": ")
		}
	})
	return width
}

// scan visits each byte of JSON text, and says how deep it lies and whether it is within a string.
func scan(text []byte, visit func(i, depth int, quoted bool)) {
	depth, quoted, escaped := 0, false, false
	for i, c := range text {
		visit(i, depth, quoted)
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
}
