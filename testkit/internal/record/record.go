package record

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// Live is a call that was made, and all that is known of it.
type Live struct {
	Name       string // of the case's file
	Comment    string // what the case shows
	Day        time.Time
	Manifest   *manifest.Manifest
	Connection host.Connection // that it was made with; zero if the connector needs none
	Secrets    []string        // of the connection, see [Secrets]
	Call       host.Call       // with its kind
	Exchanges  []host.Exchange
	Result     abi.Result
	Fault      *abi.Fault // in place of a result
}

// Tape is a case that was made of a live call.
type Tape struct {
	Case    *cases.Case
	secrets []string // that must not be in it
}

// Text writes the case. It refuses to when there is a secret in it after all.
func (t *Tape) Text() ([]byte, error) {
	text, err := t.Case.Format()
	if err != nil {
		return nil, err
	}
	if places := Search(text, t.secrets); len(places) > 0 {
		return nil, fmt.Errorf("the case would hold a secret of the connection, at %s: nothing was written", strings.Join(places, ", "))
	}
	return text, nil
}

// Case makes a case of the call. Of requests that the host repeated only the last try is in it: a replay repeats none.
func (l *Live) Case() (*Tape, error) {
	moves, err := l.moves()
	if err != nil {
		return nil, err
	}
	w := &writer{live: l, moved: moves, redactor: &redactor{}}
	k := &cases.Case{Name: l.Name, Comment: l.Comment, Recorded: l.Day, Call: w.call()}
	for i, e := range l.Exchanges {
		if !l.last(i) {
			continue
		}
		if e.Response.Fault != nil {
			return nil, &NoAnswer{e.Request.Method + " " + bare(w.moved.Replace(e.Request.URL)), e.Response.Fault}
		}
		x, err := w.exchange(e)
		if err != nil {
			return nil, err
		}
		k.Exchanges = append(k.Exchanges, x)
	}
	for i := range k.Exchanges {
		k.Exchanges[i].Name = fmt.Sprintf("http/%d", i+1)
	}
	k.Want = w.want()
	secrets := slices.Concat(l.Secrets, w.learned)
	return &Tape{k, secrets}, hide(k, secrets)
}

// NoAnswer is the error of a call that made a request without an answer.
type NoAnswer struct {
	Request string
	Fault   *abi.Fault
}

func (e *NoAnswer) Error() string {
	return fmt.Sprintf("%s has no answer that a case could hold: %v", e.Request, e.Fault)
}

// Redacted reports whether a case's call cannot be made again, because something in it was secret.
func Redacted(k *cases.Case) bool {
	call := string(k.Call.Input) + string(k.Call.Cursor)
	return strings.Contains(call, redacted) || strings.Contains(call, escaped)
}

// last reports whether exchange i was a part of the last try at its request.
func (l *Live) last(i int) bool {
	e := l.Exchanges[i]
	return !slices.ContainsFunc(l.Exchanges[i:], func(x host.Exchange) bool { return x.Number == e.Number && x.Try > e.Try })
}

// bare is an address without its query, for messages.
func bare(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}
