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

// Prepare checks, hardens and compiles a module, or takes it from the cache. The error of a module that is
// refused is a [*wasm.Error] or joins several.
func (e *Engine) Prepare(ctx context.Context, module []byte) (*Prepared, error) {
	name, err := blobName(module)
	if err != nil {
		return nil, err
	}
	if p := e.cached(name); p != nil {
		return p, nil
	}
	select {
	case e.compiling <- struct{}{}:
		defer func() { <-e.compiling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := e.cached(name); p != nil { // somebody else has prepared it meanwhile
		return p, nil
	}
	p, err := e.prepare(ctx, module)
	if err != nil {
		return nil, err
	}
	if e.cfg.Cache != nil {
		if err := e.cfg.Cache.Put(name, p.encode()); err != nil {
			e.cfg.Logger.Warn("compiled code was not kept, it will be compiled again", "err", err)
		}
	}
	return p, nil
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
	dir, err := os.MkdirTemp(e.cfg.Dir, "compile-")
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := e.cfg.Compile(ctx, p.hardened.Code, dir); err != nil {
		var invalid Invalid
		if errors.As(err, &invalid) {
			return nil, invalid.refusal()
		}
		return nil, fmt.Errorf("compile: %w", err)
	}
	p.file, p.code, err = onlyFile(dir)
	return p, err
}

// onlyFile returns the one file that a compilation has written below dir.
func onlyFile(dir string) (name string, data []byte, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if name != "" || !entry.Type().IsRegular() {
			return fmt.Errorf("unexpected file %s", path)
		}
		name = path
		data, err = os.ReadFile(filepath.Join(dir, path))
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
func blobName(module []byte) (string, error) {
	platform, err := fingerprint()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "patchbay prepared module 1\n%d\n%s\n", wasm.HardenVersion, platform)
	sum.Write(module)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// fingerprint tells apart platforms that cannot use each other's machine code, by the place at which wazero
// keeps that of one small module: it depends on wazero's version and on the processor's features, which
// wazero does not export. Code of another platform would not be found at its place, and wazero would compile
// the module again, where nothing bounds it.
var fingerprint = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "patchbay-platform-")
	if err != nil {
		return "", fmt.Errorf("compile: %w", err)
	}
	defer os.RemoveAll(dir)
	empty := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x04\x01\x02\x00\x0b")
	if err := Compile(context.Background(), empty, dir); err != nil {
		return "", fmt.Errorf("compile a module of one empty function: %w", err)
	}
	name, _, err := onlyFile(dir)
	return name, err
})

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
	path := filepath.Join(dir, filepath.FromSlash(p.file))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, p.code, 0o600)
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
	_, err := fingerprint()
	return err
}
