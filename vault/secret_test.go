package vault_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"patchbay/vault"
)

const secretText = "canary-7b1e5f0c9d"

// holder has secrets wherever a struct can have them.
type holder struct {
	Public  vault.Secret
	private vault.Secret
	Pointer *vault.Secret
	List    []vault.Secret
	any     any
	nested  struct{ deep map[string]vault.Secret }
}

func newHolder() holder {
	s := vault.NewSecret(secretText)
	h := holder{Public: s, private: s, Pointer: &s, List: []vault.Secret{s}, any: s}
	h.nested.deep = map[string]vault.Secret{"token": s}
	return h
}

func TestSecret_isNotShown(t *testing.T) {
	t.Parallel()
	s, h := vault.NewSecret(secretText), newHolder()
	values := map[string]any{"itself": s, "pointer": &s, "holder": h, "pointer to a holder": &h,
		"list": []vault.Secret{s}, "map": map[string]any{"token": s}, "error": fmt.Errorf("token %v refused", s)}
	for name, value := range values {
		shown := map[string]string{}
		for _, verb := range "vsqxXdcbeEfgGtTUop" {
			for _, flags := range []string{"", "+", "#", "-20", ".3", "+#"} {
				format := "%" + flags + string(verb)
				shown[format] = fmt.Sprintf(format, value)
			}
		}
		var text, asJSON, tmpl, asXML bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("used", "value", value)
		slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("used", "value", value)
		if err := template.Must(template.New("t").Parse("{{.}}{{printf \"%#v\" .}}")).Execute(&tmpl, value); err != nil {
			t.Error(err)
		}
		_ = xml.NewEncoder(&asXML).Encode(value) // maps are refused
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		shown["slog text"], shown["slog JSON"], shown["template"], shown["XML"], shown["JSON"] =
			text.String(), asJSON.String(), tmpl.String(), asXML.String(), string(encoded)
		for how, text := range shown {
			for _, form := range []string{secretText, secretText[:3], fmt.Sprintf("%x", secretText), fmt.Sprintf("%X", secretText), "99 97 110"} {
				if strings.Contains(text, form) {
					t.Errorf("%s as %s shows the secret: %s", name, how, text)
				}
			}
		}
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `"[redacted]"` || fmt.Sprintf("%d", s) != "[redacted]" {
		t.Errorf("JSON %s, %v; fmt %d", got, err, s)
	}
	var stream bytes.Buffer
	if err := gob.NewEncoder(&stream).Encode(s); err == nil && bytes.Contains(stream.Bytes(), []byte(secretText)) {
		t.Error("gob writes the secret")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := vault.NewSecret(secretText)
	if s.Reveal() != secretText || (vault.Secret{}).Reveal() != "" {
		t.Error("Reveal does not reveal")
	}
	if !s.Equal(vault.NewSecret(secretText)) || s.Equal(vault.NewSecret(secretText[1:])) || s.Equal(vault.Secret{}) {
		t.Error("Equal does not compare")
	}
	if reflect.TypeFor[vault.Secret]().Comparable() {
		t.Error("a secret can be the key of a map, and be compared in a time that tells how much is right")
	}
}

// The runtime prints the values of panics in ways of its own; this is a process that dies of one.
func TestSecret_panic(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"value", "pointer", "struct", "error", "goroutine", "wrapped", "plain"} {
		cmd := exec.Command(os.Args[0], how)
		cmd.Env = append(os.Environ(), childVariable+"=panic", "GOTRACEBACK=all")
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("panic: ")) {
			t.Errorf("%s: no panic: %v, %s", how, err, out)
		}
		if shown := bytes.Contains(out, []byte(secretText)); shown != (how == "plain") {
			t.Errorf("%s: the secret is shown: %v\n%s", how, shown, out)
		}
	}
}

// plainSecret is what a secret must not be: the runtime prints a string of any type.
type plainSecret string

// panicWithSecret is a child that dies of a panic whose value has a secret in it.
func panicWithSecret(how string) error {
	s := vault.NewSecret(secretText)
	switch how {
	case "value":
		panic(s)
	case "pointer":
		panic(&s)
	case "struct":
		panic(newHolder())
	case "error":
		panic(fmt.Errorf("token %v was refused", s))
	case "goroutine":
		go func() { panic(s) }()
		select {}
	case "wrapped":
		defer func() { panic(fmt.Sprintf("again: %v, %+v", recover(), newHolder())) }()
		panic(errors.Join(errors.New("first"), fmt.Errorf("%v", s)))
	case "plain":
		panic(plainSecret(s.Reveal()))
	}
	return nil
}
