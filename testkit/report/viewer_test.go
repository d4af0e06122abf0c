package report

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestJUnit_Viewer opens the reports in a viewer that others wrote, and reads what a person would. 'npm ci' in tools/junit
// installs it.
func TestJUnit_Viewer(t *testing.T) {
	viewer := viewer(t)
	ctx := browser(t)
	failed, rules := sample()
	passed, _ := clean()
	for _, c := range []struct {
		report *Report
		said   []string
	}{
		{failed, []string{
			"N004 Every path that is asked for is used by a case", "error at /http/0/paths/3:\n/orders/*/refunds is granted", "reproduce: pack certify . --only N004",
			"warning at /http/0/paths/1:\n", "The vendor's brand rules ask for a wide icon.", "list_orders.txtar trigger new_order",
			"and the vendor made 2 orders\nfix: Send the idempotency key",
		}},
		{passed, []string{"M003 The description says what the connector does", "verdict\tpass"}},
	} {
		dir := t.TempDir()
		report, page := filepath.Join(dir, "report.xml"), filepath.Join(dir, "page.html")
		if err := os.WriteFile(report, write(t, c.report, JUnit, rules), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(ctx, "node", viewer, "-r", report, "-o", page).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		html, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		// What is not in the window is not drawn.
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 20000), chromedp.Navigate(serve(t, html))); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.said {
			if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](shown(want), chromedp.EvalAwaitPromise)); err != nil {
				t.Fatalf("the viewer does not show %q: %v\n%s", want, err, evaluate[string](t, ctx, "document.body.innerText"))
			}
		}
	}
}

// viewer is the viewer's program, or skips the test where it is not installed.
func viewer(t *testing.T) string {
	t.Helper()
	file := filepath.Join("..", "..", "tools", "junit", "node_modules", "xunit-viewer", "bin", "xunit-viewer.js")
	_, err := os.Stat(file)
	if err == nil {
		_, err = exec.LookPath("node")
	}
	if err == nil {
		return file
	}
	if os.Getenv("PATCHBAY_VIEWER") != "" {
		t.Fatal("PATCHBAY_VIEWER is set, but ", err)
	}
	t.Skip("skipped: there is no viewer of JUnit reports: type 'npm ci' in tools/junit")
	return ""
}

// shown is fulfilled when the page, which is drawn little by little, shows a text; it gives up after a minute.
func shown(text string) string {
	return fmt.Sprintf(`new Promise((done, fail) => {
		const look = () => document.body.innerText.includes(%q) && done(true);
		new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
		setTimeout(() => fail(new Error("not shown")), 60000);
		look();
	})`, text)
}
