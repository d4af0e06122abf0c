package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"patchbay/abi"
)

// Case is one recorded call of an operation.
type Case struct {
	Name      string    // its file: "get_order.txtar"
	Comment   string    // what it shows
	Recorded  time.Time // the day; zero for a case that was written by hand
	Call      Call
	Exchanges []Exchange // in their order
	Want      Want
}

// Call is what is called, and with what.
type Call struct {
	Kind      abi.Kind        `json:"kind,omitempty"` // default action
	Operation string          `json:"operation"`
	Auth      string          `json:"auth,omitempty"`   // default the manifest's first method
	Fields    Fields          `json:"fields,omitempty"` // of the connection, none of them secret
	Input     json.RawMessage `json:"input,omitempty"`
	Cursor    json.RawMessage `json:"cursor,omitempty"`
}

// Fields are values of a connection as text. In JSON a number, true or false may stand for its text.
type Fields map[string]string

// UnmarshalJSON reads the fields.
func (f *Fields) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return errors.New("fields: want an object")
	}
	*f = Fields{}
	for name, value := range raw {
		text := string(value)
		switch value[0] {
		case '"':
			if err := json.Unmarshal(value, &text); err != nil {
				return err
			}
		case '{', '[', 'n':
			return fmt.Errorf("field %s is %s: want a text, a number, true or false", name, value)
		}
		(*f)[name] = text
	}
	return nil
}

// Exchange is one request and the answer to it.
type Exchange struct {
	Name       string // http/1
	Method     string
	URL        *url.URL
	Header     textproto.MIMEHeader // those that a request must have
	Body       []byte
	Status     int
	Answer     textproto.MIMEHeader
	AnswerBody []byte
}

// Parse reads a case file. Its errors name the file within the archive.
func Parse(name string, data []byte) (*Case, error) {
	k := &Case{Name: name}
	requests, responses := map[int][]byte{}, map[int][]byte{}
	seen := map[string]bool{}
	archive := txtar.Parse(data)
	k.Comment, k.Recorded = about(string(archive.Comment))
	for _, f := range archive.Files {
		var err error
		switch {
		case seen[f.Name]:
			err = errors.New("is there twice")
		case f.Name == callFile:
			err = k.Call.parse(f.Data)
		case strings.HasPrefix(f.Name, "http/"):
			err = number(f.Name, f.Data, requests, responses)
		default:
			err = k.Want.parse(f.Name, f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		seen[f.Name] = true
	}
	switch {
	case !seen[callFile]:
		return nil, errors.New("call.json is missing")
	case k.Want.File == "":
		return nil, errors.New("nothing is expected: add output.json, page.json or fault.json")
	}
	if err := k.pair(requests, responses); err != nil {
		return nil, err
	}
	return k, nil
}

const callFile = "call.json"

func (c *Call) parse(data []byte) error {
	if err := decode(data, c); err != nil {
		return err
	}
	switch c.Kind {
	case "":
		c.Kind = abi.KindAction
	case abi.KindAction, abi.KindTrigger, abi.KindOptions, abi.KindSchema, abi.KindTest:
	default:
		return fmt.Errorf("kind %q: want action, trigger, options, schema or test", c.Kind)
	}
	if c.Operation == "" {
		return errors.New("operation is missing")
	}
	return nil
}

// pair joins request and response n for n = 1, 2, ...
func (k *Case) pair(requests, responses map[int][]byte) error {
	for n := 1; n <= max(len(requests), len(responses)); n++ {
		req, ok := requests[n]
		if !ok {
			return fmt.Errorf("http/%d.request is missing: exchanges are numbered from 1", n)
		}
		resp, ok := responses[n]
		if !ok {
			return fmt.Errorf("http/%d.response is missing", n)
		}
		x := Exchange{Name: fmt.Sprintf("http/%d", n)}
		if err := x.parse(req, resp); err != nil {
			return fmt.Errorf("%s: %w", x.Name, err)
		}
		k.Exchanges = append(k.Exchanges, x)
	}
	return nil
}

func (x *Exchange) parse(req, resp []byte) (err error) {
	var line string
	if line, x.Header, x.Body, err = message(req); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	var target string
	if x.Method, target, _ = strings.Cut(line, " "); x.Method == "" || x.Method != strings.ToUpper(x.Method) {
		return fmt.Errorf("request: want METHOD URL, got %q", line)
	}
	x.URL, err = url.Parse(target)
	if err != nil || strings.Contains(target, " ") || x.URL.Host == "" || x.URL.Scheme != "https" && x.URL.Scheme != "http" || x.URL.Fragment != "" || x.URL.User != nil {
		return fmt.Errorf("request: want METHOD URL with a URL that begins with https:// or http:// and a host, got %q", line)
	}
	if x.Header.Get("Authorization") != "" {
		return errors.New("request: a case holds no credential: leave Authorization out, the runner plants one and looks for it")
	}
	if line, x.Answer, x.AnswerBody, err = message(resp); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	code, _, _ := strings.Cut(line, " ")
	if x.Status, err = strconv.Atoi(code); err != nil || x.Status < 200 || x.Status > 599 {
		return fmt.Errorf("response: want a status from 200 to 599, got %q", line)
	}
	return nil
}

// message reads a first line, headers up to an empty line, and a body. The last line feed is txtar's, not the body's.
func message(data []byte) (line string, head textproto.MIMEHeader, body []byte, err error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	line = strings.TrimSpace(string(first))
	// A line feed before it, so that a message without headers has its empty line too.
	top, body, _ := bytes.Cut(append([]byte("\n"), rest...), []byte("\n\n"))
	lines := append(bytes.TrimPrefix(top, []byte("\n")), "\n\n"...)
	head, err = textproto.NewReader(bufio.NewReader(bytes.NewReader(lines))).ReadMIMEHeader()
	return line, head, bytes.TrimSuffix(body, []byte("\n")), err
}

func number(name string, data []byte, requests, responses map[int][]byte) error {
	n, kind, _ := strings.Cut(strings.TrimPrefix(name, "http/"), ".")
	i, err := strconv.Atoi(n)
	if err != nil || i < 1 || strconv.Itoa(i) != n {
		return errors.New("want http/N.request or http/N.response with N from 1")
	}
	switch kind {
	case "request":
		requests[i] = data
	case "response":
		responses[i] = data
	default:
		return errors.New("want http/N.request or http/N.response")
	}
	return nil
}

// decode reads one JSON document strictly.
func decode(data []byte, v any) error {
	if err := abi.CheckJSON(bytes.TrimSpace(data)); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
