package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of entries.
const (
	Install         = "install"          // a connector was installed
	Upgrade         = "upgrade"          // another version took its place
	Uninstall       = "uninstall"        // it was removed
	Grant           = "grant"            // somebody allowed grants, base URLs or private addresses
	Isolate         = "isolate"          // where a connector runs was changed
	Connect         = "connect"          // a connection was made
	Replace         = "replace"          // its fields or secrets were replaced
	Rename          = "rename"           // it got another name
	Rotate          = "rotate"           // the host renewed its credential
	ReconnectNeeded = "reconnect_needed" // its credential is dead: a person must connect again
	Disconnect      = "disconnect"       // it was removed
	Run             = "run"              // a call, with what it sent
	VaultRotate     = "vault_rotate"     // the vault's master key was replaced
	VaultBackup     = "vault_backup"     // the vault's content was written to a file
	VaultRestore    = "vault_restore"    // the vault's content was read from a file
)

// Kinds lists all kinds.
var Kinds = []string{Install, Upgrade, Uninstall, Grant, Isolate, Connect, Replace, Rename, Rotate, ReconnectNeeded,
	Disconnect, Run, VaultRotate, VaultBackup, VaultRestore}

// Known says whether there is a kind of that name.
func Known(kind string) bool { return slices.Contains(Kinds, kind) }

// Entry is one thing that was done. Of what does not apply, the zero value is left out.
type Entry struct {
	// Number is the entry's place in the log, from 0. Append sets it.
	Number int64 `json:"n"`
	// Time is when it was done. Defaults to now; kept in UTC to the millisecond.
	Time time.Time `json:"time"`
	// Kind is one of [Kinds], required.
	Kind string `json:"kind"`
	// Actor is who did it: a user of the operating system, or "host" for what the host does by itself.
	// Defaults to Config.Actor.
	Actor string `json:"actor"`

	Connector  string `json:"connector,omitempty"`
	Version    string `json:"version,omitempty"`
	Digest     string `json:"digest,omitempty"`
	Connection string `json:"connection,omitempty"`
	Operation  string `json:"operation,omitempty"`
	Call       string `json:"call,omitempty"`
	// Code is the fault's code, if it failed.
	Code string `json:"code,omitempty"`
	// Egress says what a call sent, and what was refused.
	Egress []Egress `json:"egress,omitempty"`
	// Detail holds what else must be known, such as a rename's old name. Values are names, never content.
	Detail map[string]string `json:"detail,omitempty"`
}

// Egress counts the requests of one call that had all of this in common.
type Egress struct {
	Grant  string `json:"grant,omitempty"` // "" if no grant allowed it
	Method string `json:"method"`
	Host   string `json:"host"`             // with its port, if that is not the scheme's own
	Status int    `json:"status,omitempty"` // of the response; 0 if there was none
	Code   string `json:"code,omitempty"`   // why there was none: a fault's code
	Count  int    `json:"count"`
	// Authorized says that the connection's credential went with them.
	Authorized bool `json:"authorized,omitempty"`
}

// Bounds of an entry. They are far above what an honest call needs.
const (
	maxEgress = 1000
	maxEntry  = 256 << 10 // bytes of its line
)

// check refuses what the log cannot keep, or must not.
func (e Entry) check() error {
	if !Known(e.Kind) {
		return fmt.Errorf("there is no kind %q: want one of %s", e.Kind, strings.Join(Kinds, ", "))
	}
	if len(e.Egress) > maxEgress {
		return fmt.Errorf("it has %d lines of egress, more than %d", len(e.Egress), maxEgress)
	}
	for _, g := range e.Egress {
		if strings.ContainsAny(g.Host, "/?#@") || strings.ContainsAny(g.Method, " /?") {
			return fmt.Errorf("its egress under grant %q names more than a method and a host", g.Grant)
		}
	}
	return nil
}

// line returns the entry as the log keeps it, with no line feed.
func (e Entry) line() ([]byte, error) {
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	line, err := marshal(e)
	if err == nil && len(line) > maxEntry {
		err = fmt.Errorf("it has %d bytes, more than %d", len(line), maxEntry)
	}
	return line, err
}

// marshal returns v as JSON in one line.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
