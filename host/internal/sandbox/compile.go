package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/host/internal/guest"
	"patchbay/wasm"
)

// runtimeConfig is the one way in which guests are compiled and run.
//
// NewRuntimeConfigCompiler and not NewRuntimeConfig: where memory cannot be made executable, the latter falls
// back to an interpreter, ten to thirty times as slow, without a word. The deadline checks that wazero would
// add cost more than the guest's own work and leave out recursion: hardened modules meter themselves.
func runtimeConfig() wazero.RuntimeConfig {
	return wazero.NewRuntimeConfigCompiler().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithCloseOnContextDone(false).
		WithDebugInfoEnabled(false) // it would read DWARF from the module
}

// Compile compiles a hardened module and writes its machine code to one file below dir. It takes a second for
// a guest in Go and up to a minute for the worst that [wasm.Scan] admits, and does not end with ctx. The error
// of a module that is not valid is an [Invalid].
func Compile(ctx context.Context, module []byte, dir string) (err error) {
	// The compiler takes input that no compiler wrote, so that its panics are errors here.
	defer func() {
		if r := recover(); r != nil {
			err = Invalid(fmt.Sprint(r))
		}
	}()
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return err
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, runtimeConfig().WithCompilationCache(cache))
	if _, err = runtime.CompileModule(ctx, module); err != nil {
		err = Invalid(err.Error())
	}
	return errors.Join(err, runtime.Close(ctx), cache.Close(ctx))
}

// Invalid is what the compiler has against a module.
type Invalid string

func (i Invalid) Error() string { return string(i) }

// refusal is the error about a module that the compiler does not take, as those of package wasm are.
func (i Invalid) refusal() error {
	return &wasm.Error{Kind: wasm.ErrMalformed, Entry: -1, Offset: -1, Problem: "the compiler says: " + guest.Shorten(guest.Printable(string(i))),
		Fix: "build it again; if it was written by a compiler, report this to whoever made that"}
}
