package audit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const tamperings = 1000

// victim is a log that is about to be tampered with.
type victim struct {
	cfg    Config
	log    *Log
	store  *memory
	parts  []part // of the store as it was written
	rng    *rand.Rand
	export []byte

	older   []byte   // a checkpoint of some chunks earlier,
	olderAt int      // of so many chunks
	other   *Log     // another log with another key
	forger  *Log     // another log with this key, whose entries differ from diverge on
	diverge int64    //
	since   [][]byte // copies that were kept elsewhere
}

// part is a chunk taken apart.
type part struct {
	first int64
	data  []byte
	lines [][]byte
	note  []byte // the line that ends it
}

func (p part) with(lines ...[]byte) []byte {
	var data []byte
	for _, line := range lines {
		data = append(append(data, line...), '\n')
	}
	return append(data, p.note...)
}

// newVictim makes a log of so many entries, a few minutes between its chunks.
func newVictim(t *testing.T, n int) *victim {
	t.Helper()
	v := &victim{store: newMemory(), rng: rand.New(rand.NewPCG(1, 2))}
	v.cfg = config(t, v.store)
	minutes := 0
	v.cfg.Now = func() time.Time { minutes += 2; return start.Add(time.Duration(minutes) * time.Minute) }
	v.log = fill(t, v.cfg, n/2)
	v.older = read(t, v.cfg.Checkpoint)
	v.olderAt = len(v.store.chunks)
	v.log = more(t, v.cfg, n/2, n)
	for _, key := range slices.Sorted(maps.Keys(v.store.chunks)) {
		first, _ := parseKey(key)
		lines, end := split(v.store.chunks[key])
		v.parts = append(v.parts, part{first: first, data: v.store.chunks[key], lines: lines, note: end})
	}
	var b bytes.Buffer
	if _, err := v.log.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	v.export = b.Bytes()
	v.other = fill(t, config(t, newMemory()), n)
	forged := config(t, newMemory())
	forged.KeyFile = v.cfg.KeyFile
	v.forger = fill(t, Config{Store: forged.Store, KeyFile: v.cfg.KeyFile, Checkpoint: forged.Checkpoint, Now: v.cfg.Now}, n/2)
	v.forger = more(t, v.forger.cfg, n/2+1, n+1)
	v.diverge = int64(n / 2)
	return v
}

// more opens a log again and appends entries as fill does, numbered from and to.
func more(t *testing.T, cfg Config, from, to int) *Log {
	t.Helper()
	l := open(t, cfg)
	w := &writer{Log: l}
	for i := from; i < to; {
		var group []*pending
		for range min(i%4+1, to-i) {
			group = append(group, &pending{entry: Entry{Time: start, Kind: Run, Actor: "ada", Connector: "netsuite", Call: fmt.Sprint("c", i)}})
			i++
		}
		if err := w.append(group); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.save(); err != nil {
		t.Fatal(err)
	}
	return l
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (v *victim) any() part               { return v.parts[v.rng.IntN(len(v.parts))] }
func (v *victim) size() int64             { p := v.parts[len(v.parts)-1]; return p.first + int64(len(p.lines)) }
func (v *victim) put(p part, data []byte) { v.store.chunks[chunkKey(p.first)] = data }

// long returns a chunk of at least n entries.
func (v *victim) long(n int) part {
	for {
		if p := v.any(); len(p.lines) >= n {
			return p
		}
	}
}

// edit changes one byte of a line into another that is no line feed.
func (v *victim) edit(line []byte) []byte {
	line = bytes.Clone(line)
	i := v.rng.IntN(len(line))
	line[i] = 'a' + (line[i]+1+byte(v.rng.IntN(20)))%26
	return line
}

// flip flips one bit of a chunk and says which entry is then the first that is not as it was.
func (v *victim) flip(p part) (data []byte, first int64) {
	data = bytes.Clone(p.data)
	at := v.rng.IntN(len(data))
	data[at] ^= 1 << v.rng.IntN(8)
	end := 0
	for i, line := range p.lines {
		end += len(line) + 1
		if at < end && (i < len(p.lines)-1 || at < end-1) {
			return data, p.first + int64(i)
		}
	}
	return data, p.first // the note, or the line feed before it, which takes the note from the chunk
}

// tampering changes a victim and says which entry is then the first that is wrong.
type tampering struct {
	name string
	do   func(t *testing.T, v *victim) (first int64)
}

// inChunk are changes of one chunk, in the store or in an export.
var inChunk = []struct {
	name string
	do   func(v *victim) (p part, data []byte, first int64)
}{
	{"edit", func(v *victim) (part, []byte, int64) {
		p := v.any()
		lines, i := slices.Clone(p.lines), v.rng.IntN(len(p.lines))
		for bytes.Equal(lines[i], p.lines[i]) {
			lines[i] = v.edit(p.lines[i])
		}
		return p, p.with(lines...), p.first + int64(i)
	}},
	{"remove", func(v *victim) (part, []byte, int64) {
		p := v.long(2)
		i := v.rng.IntN(len(p.lines))
		return p, p.with(slices.Delete(slices.Clone(p.lines), i, i+1)...), p.first + int64(i)
	}},
	{"put in", func(v *victim) (part, []byte, int64) {
		p := v.any()
		i := v.rng.IntN(len(p.lines) + 1)
		return p, p.with(slices.Insert(slices.Clone(p.lines), i, append(bytes.Clone(v.any().lines[0]), ' '))...), p.first + int64(i)
	}},
	{"reorder", func(v *victim) (part, []byte, int64) {
		p := v.long(2)
		lines, i := slices.Clone(p.lines), v.rng.IntN(len(p.lines)-1)
		lines[i], lines[i+1] = lines[i+1], lines[i]
		return p, p.with(lines...), p.first + int64(i)
	}},
	{"flip", func(v *victim) (part, []byte, int64) {
		p := v.any()
		data, first := v.flip(p)
		return p, data, first
	}},
	{"edit and hash anew", func(v *victim) (part, []byte, int64) {
		p := v.any()
		data, err := v.resign(p, v.unsigned)
		if err != nil {
			panic(err)
		}
		return p, data, p.first
	}},
	{"edit and sign with another key", func(v *victim) (part, []byte, int64) {
		p := v.any()
		data, err := v.resign(p, func(s statement) ([]byte, error) { return s.sign(v.other.signer) })
		if err != nil {
			panic(err)
		}
		return p, data, p.first
	}},
	{"another log's chunk", func(v *victim) (part, []byte, int64) {
		p := v.any()
		return p, v.other.cfg.Store.(*memory).chunks[chunkKey(0)], p.first
	}},
	{"a later note", func(v *victim) (part, []byte, int64) {
		i := v.rng.IntN(len(v.parts) - 1)
		p := v.parts[i]
		p.note = v.parts[i+1].note
		return p, p.with(p.lines...), p.first
	}},
}

// resign makes a chunk with one entry changed and everything in its note recomputed.
func (v *victim) resign(p part, sign func(statement) ([]byte, error)) ([]byte, error) {
	c := &checker{key: v.log.key}
	for _, before := range v.parts {
		if before.first == p.first {
			break
		}
		if _, err := c.next(before.data); err != nil {
			return nil, err
		}
	}
	lines := slices.Clone(p.lines)
	lines[0] = bytes.Replace(lines[0], []byte(`"actor":"ada"`), []byte(`"actor":"eve"`), 1)
	s := statement{tree: c.tree.with(hashes(lines)), time: start, leaves: hashes(lines)}
	signed, err := sign(s)
	p.note = noteLine(signed)
	return p.with(lines...), err
}

// unsigned puts the signature of another note below a statement.
func (v *victim) unsigned(s statement) ([]byte, error) {
	signed, _ := parseNoteLine(v.any().note)
	_, signature, _ := strings.Cut(string(signed), "\n\n")
	return []byte(s.text() + "\n" + signature), nil
}

// inStore are changes of the store and the checkpoint beside it.
var inStore = []tampering{
	{"cut a chunk off", func(t *testing.T, v *victim) int64 {
		p := v.any()
		v.put(p, p.data[:v.rng.IntN(len(p.data)-1)])
		return p.first
	}},
	{"append to a chunk", func(t *testing.T, v *victim) int64 {
		i := v.rng.IntN(len(v.parts) - 1)
		v.put(v.parts[i], append(bytes.Clone(v.parts[i].data), v.parts[i+1].data...))
		return v.parts[i].first
	}},
	{"swap chunks", func(t *testing.T, v *victim) int64 {
		i := v.rng.IntN(len(v.parts) - 1)
		j := i + 1 + v.rng.IntN(len(v.parts)-i-1)
		v.put(v.parts[i], v.parts[j].data)
		v.put(v.parts[j], v.parts[i].data)
		return v.parts[i].first
	}},
	{"delete a chunk", func(t *testing.T, v *victim) int64 {
		p := v.any()
		delete(v.store.chunks, chunkKey(p.first))
		return p.first
	}},
	{"delete the last chunks", func(t *testing.T, v *victim) int64 {
		i := v.rng.IntN(len(v.parts))
		for _, p := range v.parts[i:] {
			delete(v.store.chunks, chunkKey(p.first))
		}
		return v.parts[i].first
	}},
	{"a chunk too many", func(t *testing.T, v *victim) int64 {
		p := v.long(2)
		v.put(part{first: p.first + 1}, p.data)
		return p.first + 1
	}},
	{"a chunk behind a gap", func(t *testing.T, v *victim) int64 {
		v.put(part{first: v.size() + 1}, v.any().data)
		return v.size()
	}},
	{"a false successor", func(t *testing.T, v *victim) int64 {
		v.put(part{first: v.size()}, v.any().data)
		return v.size()
	}},
	{"a key of another kind", func(t *testing.T, v *victim) int64 {
		v.store.chunks["head"] = v.any().data
		return -1
	}},
	{"an older checkpoint", func(t *testing.T, v *victim) int64 {
		write(t, v.cfg.Checkpoint, v.older)
		return v.parts[v.olderAt].first
	}},
	{"no checkpoint", func(t *testing.T, v *victim) int64 {
		if err := os.Remove(v.cfg.Checkpoint); err != nil {
			t.Fatal(err)
		}
		return -1
	}},
	{"another log's checkpoint", func(t *testing.T, v *victim) int64 {
		write(t, v.cfg.Checkpoint, read(t, v.other.cfg.Checkpoint))
		return -1
	}},
	{"a flipped checkpoint", func(t *testing.T, v *victim) int64 {
		data := read(t, v.cfg.Checkpoint)
		data[v.rng.IntN(len(data))] ^= 1 << v.rng.IntN(8)
		write(t, v.cfg.Checkpoint, data)
		return -1
	}},
	{"a chunk's note for a checkpoint", func(t *testing.T, v *victim) int64 {
		signed, _ := parseNoteLine(v.any().note)
		write(t, v.cfg.Checkpoint, signed)
		return -1
	}},
	{"the past, with its checkpoint", func(t *testing.T, v *victim) int64 {
		v.since = [][]byte{v.export}
		for _, p := range v.parts[v.olderAt:] {
			delete(v.store.chunks, chunkKey(p.first))
		}
		write(t, v.cfg.Checkpoint, v.older)
		return v.parts[v.olderAt].first
	}},
	{"another history, with the key", func(t *testing.T, v *victim) int64 {
		v.since = [][]byte{v.export}
		v.store.chunks = maps.Clone(v.forger.cfg.Store.(*memory).chunks)
		write(t, v.cfg.Checkpoint, read(t, v.forger.cfg.Checkpoint))
		return v.diverge
	}},
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTamper_Store changes the store or the checkpoint in random ways. Every change must be found, at the right entry.
func TestTamper_Store(t *testing.T) {
	t.Parallel()
	v := newVictim(t, 40)
	chunks, checkpoint := v.store.chunks, read(t, v.cfg.Checkpoint)
	kinds := slices.Clone(inStore)
	for _, c := range inChunk {
		kinds = append(kinds, tampering{c.name, func(t *testing.T, v *victim) int64 {
			p, data, first := c.do(v)
			v.put(p, data)
			return first
		}})
	}
	for i := range tamperings {
		v.store.chunks, v.since = maps.Clone(chunks), nil
		write(t, v.cfg.Checkpoint, checkpoint)
		if r := mustVerify(t, v.log); !r.OK() || r.Entries != v.size() || r.Unsealed != 0 {
			t.Fatalf("control: %+v", r)
		}
		k := kinds[i%len(kinds)]
		want := k.do(t, v)
		var copies []*Copy
		for _, data := range v.since {
			copies = append(copies, readCopyOf(t, v.log, data))
		}
		r := mustVerify(t, v.log, copies...)
		if r.OK() || r.Findings[0].Entry != want || want >= 0 && r.Entries > want && k.name != "a chunk too many" && k.name != "an older checkpoint" {
			t.Fatalf("%d, %s: want entry %d found, got %+v %v", i, k.name, want, r, r.Findings)
		}
		if f := r.Findings[0]; f.Remedy == "" || f.Problem == "" || !errors.Is(f, ErrTampered) {
			t.Errorf("%s: %+v says too little", k.name, f)
		}
	}
}

// TestTamper_Export changes exports likewise.
func TestTamper_Export(t *testing.T) {
	t.Parallel()
	v := newVictim(t, 40)
	var ends []int // of the chunks within the export
	for _, p := range v.parts {
		ends = append(ends, len(p.data))
		if n := len(ends); n > 1 {
			ends[n-1] += ends[n-2]
		}
	}
	join := func(change part, data []byte) []byte {
		var export []byte
		for _, p := range v.parts {
			if p.first == change.first {
				export = append(export, data...)
			} else {
				export = append(export, p.data...)
			}
		}
		return append(export, v.export[ends[len(ends)-1]:]...)
	}
	// firstAt says which chunk a place in the export is in
	firstAt := func(at int) int64 {
		for i, end := range ends {
			if at < end {
				return v.parts[i].first
			}
		}
		return v.size()
	}
	closing := bytes.Clone(v.export[ends[len(ends)-1]:])
	kinds := map[string]func() ([]byte, int64){
		"cut off":            func() ([]byte, int64) { at := v.rng.IntN(len(v.export)); return v.export[:at], firstAt(at) },
		"something added":    func() ([]byte, int64) { return append(bytes.Clone(v.export), 'x'), v.size() },
		"a second ending":    func() ([]byte, int64) { return append(bytes.Clone(v.export), closing...), v.size() },
		"a chunk is missing": func() ([]byte, int64) { p := v.any(); return join(p, nil), p.first },
		"no ending but a chunk's note": func() ([]byte, int64) {
			return append(bytes.Clone(v.export[:ends[len(ends)-1]]), v.parts[len(v.parts)-1].note...), v.size()
		},
		"an older ending": func() ([]byte, int64) {
			return append(bytes.Clone(v.export[:ends[len(ends)-1]]), noteLine(v.older)...), v.size()
		},
		"cut off, with the right ending": func() ([]byte, int64) {
			i := v.rng.IntN(len(v.parts) - 1)
			return append(bytes.Clone(v.export[:ends[i]]), closing...), v.parts[i+1].first
		},
		"flip in the ending": func() ([]byte, int64) {
			data := bytes.Clone(v.export)
			data[ends[len(ends)-1]+v.rng.IntN(len(closing))] ^= 1 << v.rng.IntN(8)
			return data, v.size()
		},
	}
	for _, c := range inChunk {
		kinds[c.name] = func() ([]byte, int64) {
			p, data, first := c.do(v)
			return join(p, data), first
		}
	}
	names := slices.Sorted(maps.Keys(kinds))
	for i := range tamperings {
		if r, err := VerifyExport(bytes.NewReader(v.export), v.log.PublicKey()); err != nil || !r.OK() || r.Entries != v.size() {
			t.Fatalf("control: %+v, %v", r, err)
		}
		name := names[i%len(names)]
		data, want := kinds[name]()
		r, err := VerifyExport(bytes.NewReader(data), v.log.PublicKey())
		if err != nil || r.OK() || r.Findings[0].Entry != want {
			t.Fatalf("%d, %s: want entry %d found, got %+v %v, %v", i, name, want, r, r.Findings, err)
		}
	}
}

func readCopyOf(t *testing.T, l *Log, data []byte) *Copy {
	t.Helper()
	c, err := ReadCopy(bytes.NewReader(data), l.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCopies: a log is held to what was kept elsewhere, a checkpoint or an export, and agrees with its own.
func TestCopies(t *testing.T) {
	t.Parallel()
	v := newVictim(t, 60)
	sealed := read(t, v.cfg.Checkpoint)
	for name, tt := range map[string]struct {
		log  *Log
		copy []byte
		want int64 // entry; -2: none
	}{
		"export, same":          {v.log, v.export, -2},
		"checkpoint, same":      {v.log, sealed, -2},
		"checkpoint, older":     {v.log, v.older, -2},
		"export, forged":        {v.forger, v.export, v.diverge},
		"checkpoint, forged":    {v.forger, sealed, 58}, // the chunk in which it ends
		"checkpoint, in common": {v.forger, v.older, -2},
	} {
		r := mustVerify(t, tt.log, readCopyOf(t, tt.log, tt.copy))
		got := int64(-2)
		if !r.OK() {
			got = r.Findings[0].Entry
		}
		if got != tt.want {
			t.Errorf("%s: found entry %d, want %d: %v", name, got, tt.want, r.Findings)
		}
	}
	if _, err := ReadCopy(bytes.NewReader(v.export[:len(v.export)-9]), v.log.PublicKey()); !errors.Is(err, ErrTampered) {
		t.Errorf("a copy that is cut off: %v", err)
	}
	if _, err := ReadCopy(bytes.NewReader(sealed), v.other.PublicKey()); !errors.Is(err, ErrTampered) {
		t.Errorf("a copy of another log: %v", err)
	}
	for _, key := range []string{"", "patchbay-audit", "other+1234+AAAA", strings.Replace(v.log.PublicKey(), "audit", "budit", 1)} {
		if _, err := VerifyExport(bytes.NewReader(v.export), key); err == nil {
			t.Errorf("key %q was taken", key)
		}
	}
}

// TestAppend_Tampered: nothing is built on what does not verify, nor on a log whose end is missing.
func TestAppend_Tampered(t *testing.T) {
	t.Parallel()
	v := newVictim(t, 20)
	chunks, checkpoint := v.store.chunks, read(t, v.cfg.Checkpoint)
	last := v.parts[len(v.parts)-1]
	for name, do := range map[string]func(){
		"last chunk is missing": func() { delete(v.store.chunks, chunkKey(last.first)) },
		"last note is damaged":  func() { v.put(last, last.data[:len(last.data)-3]) },
		"last note is forged":   func() { v.put(last, must(v.resign(last, v.unsigned))) },
		"last note is another":  func() { v.put(last, v.parts[0].data) },
		"successor is forged":   func() { v.put(part{first: v.size()}, v.parts[0].data) },
		"no checkpoint":         func() { _ = os.Remove(v.cfg.Checkpoint) },
		"another's checkpoint":  func() { write(t, v.cfg.Checkpoint, read(t, v.other.cfg.Checkpoint)) },
		"a huge checkpoint":     func() { write(t, v.cfg.Checkpoint, make([]byte, maxNote+1)) },
		"a note for checkpoint": func() {
			signed, _ := parseNoteLine(last.note)
			write(t, v.cfg.Checkpoint, signed)
		},
	} {
		v.store.chunks = maps.Clone(chunks)
		write(t, v.cfg.Checkpoint, checkpoint)
		do()
		before := maps.Clone(v.store.chunks)
		l := open(t, v.cfg)
		if err := l.Append(t.Context(), Entry{Kind: Run}); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: Append: %v", name, err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		if !maps.EqualFunc(before, v.store.chunks, bytes.Equal) {
			t.Errorf("%s: something was written", name)
		}
		_ = os.Remove(v.cfg.Checkpoint)
	}
	v.store.chunks = chunks
	write(t, v.cfg.Checkpoint, checkpoint)
	if err := open(t, v.cfg).Append(t.Context(), Entry{Kind: Run}); err != nil {
		t.Error("control:", err)
	}
	if err := os.Remove(v.cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), v.cfg); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("no key: %v", err)
	}
	write(t, v.cfg.KeyFile, []byte("PRIVATE+KEY+canary"))
	if _, err := Open(t.Context(), v.cfg); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("no key in the key file: %v", err)
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}
