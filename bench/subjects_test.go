package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"patchbay/host/bench/work"
)

// TestSubjects runs each once: the rows check what comes out of them.
func TestSubjects(t *testing.T) {
	var out bytes.Buffer
	var names []string
	for _, s := range subjects() {
		names = append(names, s.name)
	}
	args := []string{"--json", "--rounds=2", "--time=1ns", "--only=" + strings.Join(names, ",")}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.LeftOut {
		t.Errorf("left out: %s: %s", l.Name, l.Reason)
	}
	rows := map[string]int{}
	for _, f := range r.Rows {
		rows[f.Name]++
		if f.P50 <= 0 || f.P99 < f.P50 || f.Runs != 2 {
			t.Errorf("figures %+v", f)
		}
	}
	for _, s := range subjects() {
		want := 1 + len(payloads)
		if strings.HasPrefix(s.name, "patchbay") {
			want++
		}
		if strings.HasSuffix(s.name, "-sdk") {
			want = 1
		}
		if rows[s.name] != want {
			t.Errorf("%s has %d rows, want %d", s.name, rows[s.name], want)
		}
	}
}

// TestGuestsAreMarked: without the mark all connectors of the figure start would be one.
func TestGuestsAreMarked(t *testing.T) {
	g, err := newGuests()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	code, err := g.code(t.Context(), "bare")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(code, []byte(work.Mark)); n != 1 {
		t.Errorf("the mark is %d times in the guest, want once", n)
	}
}

// TestTasks has this program do what is measured of a whole process, on a small scale.
func TestTasks(t *testing.T) {
	g, err := newGuests()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	path, err := g.file(t.Context(), "bare")
	if err != nil {
		t.Fatal(err)
	}
	for engine := range startEngines {
		var calls int
		if _, err := child(t.Context(), task{Do: "start", Engine: engine, Guest: path, Cache: g.cacheDir()}, &calls); err != nil {
			t.Fatal(err)
		}
		if calls != 3 {
			t.Errorf("%s: the first result is of call %d of its state, want 3, after two warm-up calls", engine, calls)
		}
	}
	for _, engine := range []string{"patchbay", "wazero-new"} {
		var m memory
		idle := task{Do: "idle", Engine: engine, Guest: path, Cache: g.cacheDir(), Instances: 20, TrimAfter: time.Second}
		if _, err := child(t.Context(), idle, &m); err != nil {
			t.Fatal(err)
		}
		if m.PSS < 50 || (m.Trimmed > 0) != (engine == "patchbay") || m.Trimmed >= m.PSS {
			t.Errorf("%s: an idle instance has %+v, want more than 50 KiB, and less when it is trimmed", engine, m)
		}
	}
	var nothing any
	if _, err := child(t.Context(), task{Do: "nothing"}, &nothing); err == nil || !strings.Contains(err.Error(), `a task called "nothing"`) {
		t.Errorf("a task that does not exist ends with %v", err)
	}
}
