package wasm

import (
	"errors"
	"fmt"
	"strings"

	"patchbay/abi"
)

const exportStart = "_start"

// Check reports whether m is a guest as package abi has it. Its error joins one [*Error] for each thing
// that is wrong, all of them matching [ErrABI], imports first.
func Check(m *Module) error {
	var errs []error
	known := map[string]map[string]Signature{}
	for i := range m.Imports {
		module := m.Imports[i].Module
		if known[module] == nil {
			known[module] = HostFunctions(module)
		}
		if e := checkImport(&m.Imports[i], known[module]); e != nil {
			e.Kind, e.Section, e.Entry, e.Offset = ErrABI, "import", i, m.Imports[i].Offset
			errs = append(errs, e)
		}
	}
	for _, e := range checkExports(m) {
		e.Kind, e.Section, e.Entry = ErrABI, "export", -1
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func checkImport(i *Import, functions map[string]Signature) *Error {
	want, ok := functions[i.Name]
	switch {
	case functions == nil:
		return &Error{Problem: fmt.Sprintf("imports %.60q from %.60q, which no host offers", i.Name, i.Module),
			Fix: adviseModule(i.Module)}
	case !ok:
		return &Error{Problem: fmt.Sprintf("%s has no function %.60q", i.Module, i.Name), Fix: fixImport(i.Module)}
	case i.Kind != KindFunction:
		return &Error{Problem: fmt.Sprintf("imports %s.%s as a %s, it is a function", i.Module, i.Name, i.Kind),
			Fix: "declare it as a function"}
	case !i.Type.Equal(want):
		return &Error{Problem: fmt.Sprintf("imports %s.%s with the type %s, it has %s", i.Module, i.Name, i.Type, want),
			Fix: "correct the declaration"}
	}
	return nil
}

func fixImport(module string) string {
	if module == abi.ModuleWASI {
		return "compile for WASI preview 1"
	}
	return fmt.Sprintf("its functions are %s and %s", abi.FuncCall, abi.FuncTake)
}

func adviseModule(name string) string {
	switch {
	case name == "gojs" || name == "go":
		return "compile with GOOS=wasip1, this module was compiled with GOOS=js"
	case name == "wasi_unstable":
		return "compile for wasi_snapshot_preview1, which followed it"
	case strings.HasPrefix(name, "wasi:"):
		return fixComponent
	case name == "env":
		return "link without undefined symbols: its toolchain left to the host what it did not find"
	}
	return fmt.Sprintf("guests import from %s, %s, %s and %s only",
		abi.ModuleSys, abi.ModuleHTTP, abi.ModuleLog, abi.ModuleWASI)
}

func checkExports(m *Module) (errs []*Error) {
	if start := m.Export(exportStart); start != nil {
		// The usual mistake: what else such a module lacks, the right build gives it.
		return []*Error{{Offset: start.Offset, Problem: "a command with _start, expected a reactor that exports " + abi.ExportInvoke,
			Fix: "in Go build with -buildmode=c-shared, elsewhere as a library without main"}}
	}
	if memory := m.Export(abi.ExportMemory); memory == nil || memory.Kind != KindMemory {
		errs = append(errs, missing(memory, abi.ExportMemory, "its memory"))
	}
	invoke := m.Export(abi.ExportInvoke)
	if want := (Signature{[]ValueType{I32}, []ValueType{I32}}); !isFunction(invoke, want) {
		errs = append(errs, missing(invoke, abi.ExportInvoke, "a function "+want.String()))
	}
	if initialize := m.Export(abi.ExportInitialize); initialize != nil && !isFunction(initialize, Signature{}) {
		errs = append(errs, missing(initialize, abi.ExportInitialize, "a function () -> ()"))
	}
	return errs
}

func isFunction(e *Export, want Signature) bool {
	return e != nil && e.Kind == KindFunction && e.Type.Equal(want)
}

// missing says that a guest must export name as what. got is what it exports under that name, or nil.
func missing(got *Export, name, what string) *Error {
	e := &Error{Offset: -1, Problem: fmt.Sprintf("does not export %s as %s", name, what), Fix: "export it; the SDK does"}
	if got != nil {
		e.Offset = got.Offset
		e.Problem += ", but as a " + got.Kind.String()
		if got.Kind == KindFunction {
			e.Problem += " " + got.Type.String()
		}
	}
	return e
}
