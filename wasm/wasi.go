package wasm

import "patchbay/abi"

// HostFunctions returns the functions that a guest may import from the module of this name, by name, with
// their exact signatures; nil if a guest may not import from it. The map is the caller's.
//
// Of wasi_snapshot_preview1 that is every function of the specification, since standard libraries import
// functions that their programs never call. Those on files and sockets find none.
func HostFunctions(module string) map[string]Signature {
	switch module {
	case abi.ModuleSys, abi.ModuleHTTP, abi.ModuleLog:
		return map[string]Signature{
			abi.FuncCall: {Params: []ValueType{I32, I32, I32}, Results: []ValueType{I64}},
			abi.FuncTake: {Params: []ValueType{I32, I32, I32}, Results: []ValueType{I32}},
		}
	case abi.ModuleWASI:
		functions := make(map[string]Signature, len(wasi))
		for name, params := range wasi {
			functions[name] = wasiSignature(name, params)
		}
		return functions
	}
	return nil
}

// wasiSignature reads a row of wasi. All functions return an errno, but for the one that does not return.
func wasiSignature(name, params string) Signature {
	s := Signature{Params: make([]ValueType, len(params))}
	for i, p := range params {
		s.Params[i] = I32
		if p == 'l' {
			s.Params[i] = I64
		}
	}
	if name != "proc_exit" {
		s.Results = []ValueType{I32}
	}
	return s
}

// wasi has the parameters of each function of WASI preview 1 (WebAssembly/WASI, phases/snapshot/docs.md),
// a letter each: i is i32, l is i64.
var wasi = map[string]string{
	"args_get":                "ii",
	"args_sizes_get":          "ii",
	"environ_get":             "ii",
	"environ_sizes_get":       "ii",
	"clock_res_get":           "ii",
	"clock_time_get":          "ili",
	"fd_advise":               "illi",
	"fd_allocate":             "ill",
	"fd_close":                "i",
	"fd_datasync":             "i",
	"fd_fdstat_get":           "ii",
	"fd_fdstat_set_flags":     "ii",
	"fd_fdstat_set_rights":    "ill",
	"fd_filestat_get":         "ii",
	"fd_filestat_set_size":    "il",
	"fd_filestat_set_times":   "illi",
	"fd_pread":                "iiili",
	"fd_prestat_get":          "ii",
	"fd_prestat_dir_name":     "iii",
	"fd_pwrite":               "iiili",
	"fd_read":                 "iiii",
	"fd_readdir":              "iiili",
	"fd_renumber":             "ii",
	"fd_seek":                 "ilii",
	"fd_sync":                 "i",
	"fd_tell":                 "ii",
	"fd_write":                "iiii",
	"path_create_directory":   "iii",
	"path_filestat_get":       "iiiii",
	"path_filestat_set_times": "iiiilli",
	"path_link":               "iiiiiii",
	"path_open":               "iiiiillii",
	"path_readlink":           "iiiiii",
	"path_remove_directory":   "iii",
	"path_rename":             "iiiiii",
	"path_symlink":            "iiiii",
	"path_unlink_file":        "iii",
	"poll_oneoff":             "iiii",
	"proc_exit":               "i",
	"proc_raise":              "i",
	"random_get":              "ii",
	"sched_yield":             "",
	"sock_accept":             "iii",
	"sock_recv":               "iiiiii",
	"sock_send":               "iiiii",
	"sock_shutdown":           "ii",
}
