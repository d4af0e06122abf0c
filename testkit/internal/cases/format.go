package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"patchbay/abi"
)

// Format writes a case file, from which [Parse] makes the same case. Bodies are written as they are; see [Pretty]. A case
// that no file can hold, such as one with a body that has a line "-- x --", is an error.
func (k *Case) Format() ([]byte, error) {
	a := &txtar.Archive{Comment: []byte(k.comment())}
	add := func(name string, data []byte) {
		a.Files = append(a.Files, txtar.File{Name: name, Data: append(data, '\n')})
	}
	call, err := k.Call.format()
	if err != nil {
		return nil, err
	}
	add(callFile, call)
	for i, x := range k.Exchanges {
		add(fmt.Sprintf("http/%d.request", i+1), written(x.Method+" "+x.URL.String(), x.Header, x.Body))
		add(fmt.Sprintf("http/%d.response", i+1), written(fmt.Sprint(x.Status), x.Answer, x.AnswerBody))
	}
	want, err := k.Want.format()
	if err != nil {
		return nil, err
	}
	add(k.Want.File, want)
	text := txtar.Format(a)
	return text, k.reads(text)
}

// comment is what the case shows, and when it was recorded.
func (k *Case) comment() string {
	lines := []string{k.Comment}
	if !k.Recorded.IsZero() {
		lines = append(lines, "Recorded "+k.Recorded.Format(time.DateOnly)+".")
	}
	if text := strings.TrimSpace(strings.Join(lines, "\n")); text != "" {
		return text + "\n"
	}
	return ""
}

var recordedLine = regexp.MustCompile(`(?:^|\n)Recorded (\d{4}-\d{2}-\d{2})\.$`)

// about tells a comment from the day on which its case was recorded; the zero time if it does not say.
func about(comment string) (string, time.Time) {
	comment = strings.TrimSpace(comment)
	found := recordedLine.FindStringSubmatch(comment)
	if found == nil {
		return comment, time.Time{}
	}
	day, err := time.Parse(time.DateOnly, found[1])
	if err != nil {
		return comment, time.Time{}
	}
	return strings.TrimSpace(strings.TrimSuffix(comment, strings.TrimPrefix(found[0], "\n"))), day
}

func (c Call) format() ([]byte, error) {
	if c.Kind == abi.KindAction {
		c.Kind = ""
	}
	return document(c)
}

func (w *Want) format() ([]byte, error) {
	if w.Fault != nil {
		return document(w.Fault)
	}
	return Pretty(w.Output), nil // what is no JSON is not read again, see [Case.reads]
}

// document writes a value as JSON for people.
func document(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return Pretty(b.Bytes()), err
}

// written is a message without the line feed at its end.
func written(line string, head textproto.MIMEHeader, body []byte) []byte {
	b := bytes.NewBufferString(line)
	for _, name := range slices.Sorted(maps.Keys(head)) {
		for _, v := range head[name] {
			fmt.Fprintf(b, "\n%s: %s", name, v)
		}
	}
	if len(body) > 0 {
		b.WriteString("\n\n")
		b.Write(body)
	}
	return b.Bytes()
}

// reads makes sure that what was written is read as it was meant.
func (k *Case) reads(text []byte) error {
	got, err := Parse(k.Name, text)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be written as a case: %w", err)
	case got.Comment != k.Comment || !got.Recorded.Equal(k.Recorded):
		return errors.New("its comment cannot be written as a case's")
	case len(got.Exchanges) != len(k.Exchanges):
		return errors.New("it cannot be written as a case: a body has a line that looks like the beginning of a file")
	}
	for i, x := range k.Exchanges {
		if y := got.Exchanges[i]; !x.alike(&y) {
			return fmt.Errorf("%s cannot be written as a case: a header or a line of the body would be read as something else", y.Name)
		}
	}
	if !reflect.DeepEqual(got.Want.Fault, k.Want.Fault) || got.Want.File != k.Want.File {
		return errors.New("what is expected cannot be written as a case")
	}
	return nil
}

func (x *Exchange) alike(y *Exchange) bool {
	same := func(a, b textproto.MIMEHeader) bool { return maps.EqualFunc(a, b, slices.Equal) }
	return x.Method == y.Method && x.URL.String() == y.URL.String() && x.Status == y.Status &&
		same(x.Header, y.Header) && same(x.Answer, y.Answer) && bytes.Equal(x.Body, y.Body) && bytes.Equal(x.AnswerBody, y.AnswerBody)
}
