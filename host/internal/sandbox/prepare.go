package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"patchbay/wasm"
)

// Prepared is a module made ready to be opened: checked, hardened and compiled.
type Prepared struct {
	hardened *wasm.Hardened
	file     string // place of the machine code in wazero's cache folder
	code     []byte // machine code, as wazero writes it
	laid     string // folder that it was laid down in, instead of the two above
}

// MaxModule is how large a hardened module may be, in bytes.
const MaxModule = 2 * wasm.MaxSize

// Prepare checks, hardens and compiles a module, or takes it from the cache. The error of a module that is
// refused is a [*wasm.Error] or joins several.
func (e *Engine) Prepare(ctx context.Context, module []byte) (*Prepared, error) {
	name, err := e.blobName(module)
	if err != nil {
		return nil, err
	}
	if p := e.cached(name); p != nil {
		return p, nil
	}
	leave, err := e.wait(ctx, name)
	if err != nil {
		return nil, err
	}
	defer leave()
	if p := e.cached(name); p != nil { // somebody else has prepared it meanwhile
		return p, nil
	}
	p, err := e.prepare(ctx, module)
	if err != nil {
		return nil, err
	}
	if e.cfg.Cache != nil {
		if err := e.cfg.Cache.Put(name, p.encode()); err != nil {
			e.cfg.Logger.Warn("compiled code may have to be compiled again", "err", err)
		}
	}
	return p, nil
}

// turn is whose turn it is to prepare one module.
type turn struct {
	place   chan struct{} // has room for one
	waiting int           // for it, or in it; guarded by the engine's lock
}

// wait waits until nobody else prepares the module of this name, and then for one of the places to compile in.
func (e *Engine) wait(ctx context.Context, name string) (leave func(), err error) {
	t := e.queue(name)
	select {
	case t.place <- struct{}{}:
	case <-ctx.Done():
		e.unqueue(name, t)
		return nil, ctx.Err()
	}
	next := func() {
		<-t.place
		e.unqueue(name, t)
	}
	select {
	case e.compiling <- struct{}{}:
		return func() { <-e.compiling; next() }, nil
	case <-ctx.Done():
		next()
		return nil, ctx.Err()
	}
}

func (e *Engine) queue(name string) *turn {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.preparing[name]
	if t == nil {
		t = &turn{place: make(chan struct{}, 1)}
		e.preparing[name] = t
	}
	t.waiting++
	return t
}

func (e *Engine) unqueue(name string, t *turn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		delete(e.preparing, name)
	}
}

func (e *Engine) cached(name string) *Prepared {
	if e.cfg.Cache == nil {
		return nil
	}
	blob, err := e.cfg.Cache.Get(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var p *Prepared
	if err == nil {
		p, err = decodePrepared(blob)
	}
	if err != nil {
		e.cfg.Logger.Warn("compiled code in the cache is not used, it is compiled again", "err", err)
		return nil
	}
	return p
}

func (e *Engine) prepare(ctx context.Context, module []byte) (*Prepared, error) {
	m, err := wasm.Scan(module)
	if err != nil {
		return nil, err
	}
	if err := wasm.Check(m); err != nil {
		return nil, err
	}
	p := &Prepared{}
	if p.hardened, err = wasm.Harden(module); err != nil {
		return nil, err
	}
	if n := len(p.hardened.Code); n > MaxModule {
		return nil, &wasm.Error{Kind: wasm.ErrLimit, Entry: -1, Offset: -1, Problem: fmt.Sprintf("%d bytes with metering, at most %d are allowed", n, MaxModule),
			Fix: "split it, or leave out what it does not need"}
	}
	dir, err := os.MkdirTemp(e.cfg.Dir, "compile-")
	if err != nil {
		return nil, notMade(err)
	}
	defer os.RemoveAll(dir)
	if err := e.cfg.Compile(ctx, p.hardened.Code, dir); err != nil {
		var invalid Invalid
		if errors.As(err, &invalid) {
			return nil, invalid.refusal()
		}
		return nil, fmt.Errorf("compile: %w", err)
	}
	if p.file, p.code, err = onlyFile(dir); err != nil {
		return nil, err
	}
	platform, err := e.fingerprint()
	if err == nil && path.Dir(p.file) != path.Dir(platform) {
		err = fmt.Errorf("compile: machine code in %s, want it in %s", path.Dir(p.file), path.Dir(platform))
	}
	return p, err
}

// notMade is the error about a folder that could not be made. It does not match fs.ErrNotExist: what is missing is not
// what anybody has asked for.
func notMade(err error) error {
	return fmt.Errorf("no folder for temporary files: %v; set TMPDIR to one, or make room", err)
}

// countFiles counts the files below dir.
func countFiles(dir string) (n int, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return err
	})
	return n, err
}

// onlyFile returns the one file that a compilation has written below dir.
func onlyFile(dir string) (name string, data []byte, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if name != "" || !entry.Type().IsRegular() {
			return fmt.Errorf("unexpected file %s", file)
		}
		name = file
		data, err = os.ReadFile(filepath.Join(dir, file))
		return err
	})
	if err == nil && name == "" {
		err = errors.New("no machine code was written")
	}
	if err != nil {
		return "", nil, fmt.Errorf("compile: %w", err)
	}
	return name, data, nil
}

// blobName names what a module becomes: the same for the same bytes, version of the hardener and of wazero,
// and processor.
func (e *Engine) blobName(module []byte) (string, error) {
	platform, err := e.fingerprint()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "patchbay prepared module 1\n%d\n%s\n", wasm.HardenVersion, platform)
	sum.Write(module)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// platform is the fingerprint of this process's platform, once it is known.
var platform struct {
	mu   sync.Mutex // guards name
	name string
}

// fingerprint tells apart platforms that cannot use each other's machine code, by the place at which wazero
// keeps that of one small module: it depends on wazero's version and on the processor's features, which
// wazero does not export. Code of another platform would not be found at its place, and wazero would compile
// the module again, where nothing bounds it.
func (e *Engine) fingerprint() (string, error) {
	platform.mu.Lock()
	defer platform.mu.Unlock()
	if platform.name != "" {
		return platform.name, nil
	}
	dir, err := os.MkdirTemp(e.cfg.Dir, "platform-")
	if err != nil {
		return "", notMade(err)
	}
	defer os.RemoveAll(dir)
	empty := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x04\x01\x02\x00\x0b")
	if err := Compile(context.Background(), empty, dir); err != nil {
		return "", fmt.Errorf("compile a module of one empty function: %w", err)
	}
	platform.name, _, err = onlyFile(dir)
	return platform.name, err
}

// Files of a folder that a prepared module is laid down in.
const (
	hardenedFile = "hardened"
	codeDir      = "code" // a cache folder of wazero's
)

// Lay writes the module into dir, for [Engine.Open].
func (p *Prepared) Lay(dir string) error {
	hardened, err := p.hardened.MarshalBinary()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, hardenedFile), hardened, 0o600); err != nil {
		return err
	}
	return p.layCode(filepath.Join(dir, codeDir))
}

func (p *Prepared) layCode(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(p.file))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, p.code, 0o600)
}

// readPrepared reads what Lay has written, but for the machine code, which wazero reads from where it is.
func readPrepared(dir string) (*Prepared, error) {
	data, err := os.ReadFile(filepath.Join(dir, hardenedFile))
	if err != nil {
		return nil, err
	}
	p := &Prepared{hardened: &wasm.Hardened{}, laid: dir}
	return p, p.hardened.UnmarshalBinary(data)
}

// encode writes lengths and contents of the three parts, one after the other.
func (p *Prepared) encode() []byte {
	hardened, err := p.hardened.MarshalBinary()
	if err != nil {
		panic(err) // of what Harden has returned
	}
	blob := make([]byte, 0, len(hardened)+len(p.file)+len(p.code)+3*binary.MaxVarintLen64)
	for _, part := range [][]byte{hardened, []byte(p.file), p.code} {
		blob = append(binary.AppendUvarint(blob, uint64(len(part))), part...)
	}
	return blob
}

func decodePrepared(blob []byte) (*Prepared, error) {
	var parts [3][]byte
	for i := range parts {
		size, n := binary.Uvarint(blob)
		if n <= 0 || size > uint64(len(blob)-n) {
			return nil, errors.New("prepared module: cut off")
		}
		parts[i], blob = blob[n:n+int(size)], blob[n+int(size):]
	}
	p := &Prepared{hardened: &wasm.Hardened{}, file: string(parts[1]), code: parts[2]}
	if !filepath.IsLocal(p.file) {
		return nil, fmt.Errorf("prepared module: file name %q", p.file)
	}
	return p, p.hardened.UnmarshalBinary(parts[0])
}

// SelfTest reports whether guests can be compiled here at all.
func SelfTest() error {
	_, err := New(Config{}).fingerprint()
	return err
}
