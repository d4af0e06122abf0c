// Package record makes a case of a live call: the exchanges that matter, at the manifest's own addresses, without secrets.
//
// Three things keep secrets out. The host has scrubbed what it knows before the package is told. Values are redacted here
// by the names they stand under: headers, fields of JSON, parameters of URLs and forms, elements of XML; what was found
// so is redacted wherever else it stands, in any spelling. And the written case is searched for everything that is known
// to be secret: one that has any of it is refused.
package record
