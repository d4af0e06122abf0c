package record

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
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

// writer makes the parts of one case: at the manifest's addresses, and redacted by names.
type writer struct {
	live  *Live
	moved *strings.Replacer
	*redactor
}

func (w *writer) document(doc json.RawMessage) json.RawMessage {
	if len(doc) == 0 {
		return nil
	}
	return w.body(eachString(doc, func(_ []string, s string) string { return w.moved.Replace(s) }))
}

func (w *writer) call() cases.Call {
	c := cases.Call{Kind: w.live.Call.Kind, Operation: w.live.Call.Operation, Input: w.document(w.live.Call.Input), Cursor: w.document(w.live.Call.Cursor)}
	if string(c.Input) == "{}" {
		c.Input = nil
	}
	if methods := w.live.Manifest.Auth; len(methods) > 0 && methods[0].ID != w.live.Connection.Auth {
		c.Auth = w.live.Connection.Auth
	}
	c.Fields = w.live.fields()
	method, _ := w.live.Manifest.AuthMethod(w.live.Connection.Auth)
	for _, f := range slices.Concat(w.live.Manifest.Connection.Fields, method.AllFields()) {
		if f.Default != nil && c.Fields[f.Name] == fmt.Sprint(f.Default) {
			delete(c.Fields, f.Name) // what nobody gave
		}
	}
	return c
}

// fields are the connection's, as text.
func (l *Live) fields() map[string]string {
	all := map[string]string{}
	for name, v := range l.Connection.Fields {
		all[name] = fmt.Sprint(v)
	}
	return all
}

func (w *writer) want() cases.Want {
	if w.live.Fault != nil {
		f := *w.live.Fault
		f.Message = w.text(w.moved.Replace(f.Message))
		return cases.Expect("", nil, &f)
	}
	return cases.Expect(w.live.Result.Status, w.document(host.Output(w.live.Result)), nil)
}

func (w *writer) exchange(e host.Exchange) (x cases.Exchange, err error) {
	if x.URL, err = w.url(e.Request.URL); err != nil {
		return x, err
	}
	x.Method, x.Status = e.Request.Method, e.Response.Status
	x.Header = w.headers(e.Request.Headers, func(name string) bool { return keptRequest(name) && !w.key(name) })
	x.Answer = w.headers(e.Response.Headers, func(name string) bool { return keptAnswer(name) || w.declared(name) })
	x.Body = w.body([]byte(w.moved.Replace(string(e.Request.Body))))
	x.AnswerBody = w.body([]byte(w.moved.Replace(string(e.Response.Body))))
	return x, nil
}

func (w *writer) url(address string) (*url.URL, error) {
	address = w.pairs(w.moved.Replace(address), mostNested)
	return url.Parse(strings.ReplaceAll(address, redacted, escaped))
}

func (w *writer) headers(all map[string][]string, kept func(name string) bool) textproto.MIMEHeader {
	out := textproto.MIMEHeader{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !kept(textproto.CanonicalMIMEHeaderKey(name)) {
			continue
		}
		for _, v := range all[name] {
			out.Add(name, w.text(w.moved.Replace(strings.TrimSpace(v))))
		}
	}
	return out
}

// key reports whether a header carries the key by which the vendor knows a repeated call: it is new in every call.
func (w *writer) key(name string) bool {
	op, _ := w.live.Manifest.Operation(w.live.Call.Kind, w.live.Call.Operation)
	return strings.EqualFold(op.IdempotencyHeader(), name)
}

// declared reports whether the manifest has the host look at a header.
func (w *writer) declared(name string) bool {
	for _, e := range w.live.Manifest.Errors {
		if strings.EqualFold(e.Header, name) {
			return true
		}
	}
	return slices.ContainsFunc(w.live.Manifest.Quotas, func(q manifest.Quota) bool {
		return strings.EqualFold(q.CostHeader, name) || strings.EqualFold(q.RemainingHeader, name) || strings.EqualFold(q.ResetHeader, name)
	})
}

// move is an address that an admin put in the place of the manifest's.
type move struct{ from, to string }

// moves puts the manifest's own addresses back, so that a case is the same wherever the vendor was.
func (l *Live) moves() (*strings.Replacer, error) {
	var all []move
	for _, g := range l.Manifest.HTTP {
		from := l.Connection.URLs[g.ID]
		if from == "" {
			continue
		}
		to, err := manifest.Expand(g.URL, l.fields(), manifest.EscapeURL)
		if err != nil {
			return nil, fmt.Errorf("http grant %s: %w", g.ID, err)
		}
		all = append(all, move{strings.TrimSuffix(from, "/"), strings.TrimSuffix(to, "/")})
		f, errFrom := url.Parse(from)
		t, errTo := url.Parse(to)
		if err := errors.Join(errFrom, errTo); err != nil {
			return nil, err
		}
		all = append(all, move{f.Scheme + "://" + f.Host, t.Scheme + "://" + t.Host}, move{f.Host, t.Host})
	}
	slices.SortStableFunc(all, func(a, b move) int { return cmp.Compare(len(b.from), len(a.from)) })
	var pairs []string
	for _, m := range all {
		pairs = append(pairs, m.from, m.to, url.QueryEscape(m.from), url.QueryEscape(m.to), strings.ReplaceAll(m.from, "/", `\/`), strings.ReplaceAll(m.to, "/", `\/`))
	}
	return strings.NewReplacer(pairs...), nil
}

// hide takes secrets out wherever in the case they stand: a token of one answer may be in the path of the next request.
func hide(k *cases.Case, secrets []string) error {
	text, address := hider(secrets, redacted), hider(secrets, escaped)
	document := func(doc []byte) []byte {
		switch {
		case len(doc) == 0:
			return nil
		case abi.CheckJSON(doc) != nil:
			return []byte(text.Replace(string(doc)))
		}
		return cases.Pretty(eachString(doc, func(_ []string, s string) string { return text.Replace(s) }))
	}
	k.Call.Input, k.Call.Cursor, k.Want.Output = document(k.Call.Input), document(k.Call.Cursor), document(k.Want.Output)
	if k.Want.Fault != nil {
		k.Want.Fault.Message = text.Replace(k.Want.Fault.Message)
	}
	for i := range k.Exchanges {
		x := &k.Exchanges[i]
		u, err := url.Parse(address.Replace(x.URL.String()))
		if err != nil {
			return err
		}
		x.URL, x.Body, x.AnswerBody = u, document(x.Body), document(x.AnswerBody)
		for _, head := range []textproto.MIMEHeader{x.Header, x.Answer} {
			for _, values := range head {
				for j := range values {
					values[j] = text.Replace(values[j])
				}
			}
		}
	}
	return nil
}
