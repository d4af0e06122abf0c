package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"patchbay"
	"patchbay/internal/cli"
)

//go:embed all:template
var templates embed.FS

type newOptions struct {
	name      string
	publisher string
	dir       string
}

func newNew(s *cli.Streams) *cobra.Command {
	var o newOptions
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Start a connector in a new folder",
		Long: `New makes a folder with a connector that builds, tests and publishes as it stands: a manifest, a guest with one action,
a native test, a case, and the SDK's sources, so that no network is needed.`,
		Example: `  $ pack new hello
  $ pack new orders --publisher acme --dir ./connectors/orders`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = args[0]
			return runNew(s, o)
		},
	}
	c.Flags().StringVar(&o.publisher, "publisher", "local", "who publishes it: lower-case letters, digits and hyphens")
	c.Flags().StringVar(&o.dir, "dir", "", "folder to make (default NAME)")
	return c
}

// nameRule is the manifest's: 2 to 40 characters, a letter first.
var nameRule = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func checkName(what, name string) error {
	if len(name) < 2 || len(name) > 40 || !nameRule.MatchString(name) {
		return cli.Usage("%s %q: use 2 to 40 lower-case letters, digits and single hyphens, a letter first", what, name)
	}
	return nil
}

func runNew(s *cli.Streams, o newOptions) error {
	if err := checkName("NAME", o.name); err != nil {
		return err
	}
	if err := checkName("--publisher", o.publisher); err != nil {
		return err
	}
	if o.name == "patchbay" {
		return cli.Usage("NAME patchbay: the SDK's module has that name; choose another")
	}
	if o.dir == "" {
		o.dir = o.name
	}
	if entries, err := os.ReadDir(o.dir); err == nil && len(entries) > 0 {
		return cli.Hint(fmt.Errorf("%s exists and is not empty", o.dir), "choose another name, or --dir")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files, err := render(o)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := writeFile(filepath.Join(o.dir, name), data); err != nil {
			return err
		}
	}
	if err := patchbay.WriteSDK(filepath.Join(o.dir, "third_party", "patchbay")); err != nil {
		return err
	}
	return s.Print(map[string]any{"connector": o.publisher + "/" + o.name, "dir": o.dir}, func(w io.Writer) {
		fmt.Fprintf(w, "made %s/%s in %s\n  connector.yaml   what it is and may do\n  actions.go       its code\n  testdata/cases   its tests, run by 'pack test'\n", o.publisher, o.name, o.dir)
		s.Note("next: cd %s && pack build", o.dir)
	})
}

// render fills in the template. Names end in .tmpl so that the files are not taken for this module's own.
func render(o newOptions) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(templates, "template", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := templates.ReadFile(path)
		if err != nil {
			return err
		}
		// [[ ]] keeps clear of the braces of Go and of the manifest.
		t, err := template.New(path).Delims("[[", "]]").Option("missingkey=error").Parse(string(text))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		data := map[string]string{"Name": o.name, "Publisher": o.publisher, "Title": title(o.name)}
		if err := t.Execute(&b, data); err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "template/"), ".tmpl")
		files[filepath.FromSlash(name)] = b.Bytes()
		return nil
	})
	return files, err
}

// title is a name for people: "order-sync" is "Order sync".
func title(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
