// Package strictyaml reads YAML that means what it looks like.
//
// YAML is pleasant to write and full of traps: NO is a boolean and 010 is eight for some readers, an alias can
// unfold into gigabytes, a repeated key silently wins. This package reads the part of YAML 1.2 that every
// reader, human or program, understands in the same way, and refuses the rest with a place and a remedy.
// The result has the shape of JSON, and every key and value in it knows its line and column.
//
// # What is read
//
//	block and flow mappings and sequences     key: value, - item, {a: 1}, [a, b]
//	plain, 'single' and "double" quoted text  a plain or quoted text may go on over several lines
//	literal and folded text                   | and >, with - or + after it
//	true, false, null                         in lower case only
//	numbers as JSON writes them               12, -1.5, 2e3
//	comments, and one "---" before the document
//
// JSON is read too: it is a part of YAML.
//
// # What is refused
//
//   - duplicate keys, keys that are not text, keys of several lines, empty values ("key:" with nothing after it)
//   - anchors, aliases, merge keys, tags, directives, "? " keys, a second document
//   - plain text that some reader takes for another type: yes, Off, y, ~, True, 010, 0x1F, 1_000, 12:30, .5, .nan.
//     Quote it, or write the value in its JSON form
//   - quoted text in which a line ends in a backslash
//   - numbers of more than 64 characters, or outside a 64-bit float
//   - invalid UTF-8, control characters, tabs in indentation, and the invisible characters that reorder or
//     hide text (Unicode bidirectional controls, the "Trojan Source" trick)
//   - more than [MaxDepth] levels, more than [MaxSize] bytes
//
// # Method
//
// The tokens come from the lexer of goccy/go-yaml; no other package of this module imports it. Its parser takes
// quadratic time on hostile documents and resolves types by YAML 1.1 and 1.2 at once, so the tokens are parsed
// here, in one pass, by their columns. A token whose place does not hold its text is an error: structure is
// read off the columns, so a wrong one must never pass.
//
// Not for use outside this module.
package strictyaml
