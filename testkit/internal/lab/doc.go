// Package lab runs a connector's operations in a host of its own, in the real sandbox, against a scripted vendor that
// answers from the connector's cases: as they were recorded, or with something gone wrong. It judges nothing: it
// says what was sent, what came back and what it cost, and the rules make of that what they will.
//
// Calls are made one at a time. Credentials are made up by the lab, and it looks for them in all that a guest says.
package lab
