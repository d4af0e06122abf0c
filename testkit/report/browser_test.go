package report

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// look is a size of the window and a scheme of colours.
type look struct {
	width  int64
	scheme string
}

var looks = []look{{1280, "light"}, {1280, "dark"}, {390, "light"}, {390, "dark"}}

// TestPage opens the page in a browser. PATCHBAY_SHOTS names a folder for what it looks like.
func TestPage(t *testing.T) {
	ctx := browser(t)
	attacked := attacks[0]
	for _, a := range attacks {
		attacked += a
	}
	for name, make := range map[string]func() (*Report, []Rule){
		"fail": sample, "pass": clean, "hostile": func() (*Report, []Rule) { return hostile(attacked) },
	} {
		r, rules := make()
		address := serve(t, write(t, r, HTML, rules))
		for _, l := range looks {
			t.Run(fmt.Sprintf("%s/%d/%s", name, l.width, l.scheme), func(t *testing.T) { testPage(t, ctx, address, l) })
		}
	}
}

// TestPage_PolicyAlone: should a connector's text ever get past the template, it neither runs nor loads anything.
func TestPage_PolicyAlone(t *testing.T) {
	ctx := browser(t)
	const mark, attack = "EVIDENCE", `<script>document.title = "owned"</script><style>body { display: none }</style>
		<img src="/image" onerror="document.title = 'owned'"><link rel="stylesheet" href="/style"><iframe src="/frame"></iframe>
		<svg onload="document.title = 'owned'"></svg><form action="/form"><input autofocus onfocus="form.submit()"></form>`
	r := &Report{Connector: "acme/shop@1.4.0", Findings: []Finding{{Rule: "D001", Severity: Error, Evidence: mark}}}
	r.Close()
	page := strings.Replace(string(write(t, r, HTML, nil)), mark, attack, 1)
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, page)
	}))
	t.Cleanup(s.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL)); err != nil {
		t.Fatal(err)
	}
	if got := evaluate[string](t, ctx, `document.title`); got != "FAIL: acme/shop@1.4.0" {
		t.Errorf("a script ran: the title is %q", got)
	}
	if evaluate[string](t, ctx, `getComputedStyle(document.body).display`) == "none" {
		t.Error("another style was applied")
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the page made %d requests besides itself", n-1)
	}
}

func testPage(t *testing.T, ctx context.Context, address string, l look) {
	ctx, cancel := chromedp.NewContext(ctx) // a tab
	defer cancel()
	heard := listen(t, ctx)
	err := chromedp.Do(ctx, chromedp.EmulateViewport(l.width, 900), scheme(l.scheme), chromedp.Navigate(address))
	if err != nil {
		t.Fatal(err)
	}
	if got := evaluate[int64](t, ctx, `document.documentElement.scrollWidth`); got > l.width {
		t.Errorf("it is %d wide: one has to scroll sideways", got)
	}
	if evaluate[string](t, ctx, `getComputedStyle(document.body).maxWidth`) == "none" {
		t.Error("its style is not applied: the policy's hash is of other bytes")
	}
	for _, faint := range evaluate[[]string](t, ctx, contrasts) {
		t.Errorf("too faint to read: %s", faint)
	}
	testKeyboard(t, ctx)
	shoot(t, ctx)
	if got := heard(); !slices.Equal(got, []string{"GET " + address}) {
		t.Errorf("it asked for or said %q", got)
	}
}

// testKeyboard opens the first family with tab and enter alone.
func testKeyboard(t *testing.T, ctx context.Context) {
	t.Helper()
	const focused = `document.activeElement.matches("details.family > summary")`
	for range 60 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		if evaluate[bool](t, ctx, focused) {
			break
		}
	}
	if !evaluate[bool](t, ctx, focused) {
		t.Fatal("the tab key does not reach the families")
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	if !evaluate[bool](t, ctx, `document.activeElement.parentElement.open`) {
		t.Error("the enter key does not open a family")
	}
}

// contrasts lists texts whose contrast with what is behind them is below 4.5, as WCAG 2 asks for.
const contrasts = `(() => {
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m };
	const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b };
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c) return c }
		return [255, 255, 255] };
	const found = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) found.push(ratio.toFixed(2) + " " + e.outerHTML.slice(0, 80));
	}
	return found;
})()`

func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

// listen collects what the page asks the network for and what it says on the console.
func listen(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	hear := func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			heard = append(heard, ev.Request.Method+" "+ev.Request.URL)
		case *log.EventEntryAdded:
			heard = append(heard, ev.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			heard = append(heard, fmt.Sprintf("console: %v", ev.Args))
		case *runtime.EventExceptionThrown:
			heard = append(heard, ev.ExceptionDetails.Text)
		}
	}
	if err := chromedp.Listen(ctx, hear); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard)
	}
}

func shoot(t *testing.T, ctx context.Context) {
	dir := os.Getenv("PATCHBAY_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestPage/"), "/", "-") + ".png"
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func serve(t *testing.T, page []byte) (address string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

// browser starts a browser, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return start(t, path)
		}
	}
	if os.Getenv("PATCHBAY_BROWSER") != "" {
		t.Fatal("PATCHBAY_BROWSER is set, but there is no chromium")
	}
	t.Skip("skipped: there is no chromium to open the page with")
	return nil
}

func start(t *testing.T, path string) context.Context {
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // it refuses to run as root with one
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, quit := chromedp.NewContext(ctx)
	t.Cleanup(quit)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}
