package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/internal/cli"
	"patchbay/wasm"
)

func newModule(s *cli.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "module",
		Short: "Look at WebAssembly modules",
	}
	c.AddCommand(newModuleCheck(s))
	return c
}

func newModuleCheck(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE.wasm",
		Short: "Say whether the sandbox takes a module",
		Long: `Check reads a module as the host does before it runs one: its structure and every instruction, against limits that
keep the compiler from being taken down; what it imports and exports; and whether it can be made to pay for what it
executes. Nothing of it is run or compiled; whether operands have the right types the compiler says later. A module
that is refused ends with exit code 5.`,
		Example: `  $ host module check guest.wasm
  $ host module check guest.wasm --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runModuleCheck(s, args[0]) },
	}
}

// moduleVerdict is what the sandbox makes of a module.
type moduleVerdict struct {
	File         string   `json:"file"`
	Size         int      `json:"size"`
	Functions    int      `json:"functions"`
	Capabilities []string `json:"capabilities"`
	MemoryStart  int64    `json:"memory_at_start"` // bytes
	MemoryMost   int64    `json:"memory_at_most"`
	Hardened     int      `json:"hardened_size"` // bytes, with metering
	Globals      int      `json:"mutable_globals"`
	Reset        bool     `json:"reset"` // one instance can serve one call after the other
	Obstacles    []string `json:"obstacles,omitempty"`
}

func runModuleCheck(s *cli.Streams, file string) error {
	module, err := readModule(file)
	if err != nil {
		return err
	}
	v, err := checkModule(module)
	if err != nil {
		return cli.WithExit(fmt.Errorf("%s is refused: %w", file, err), cli.ExitNotTrusted)
	}
	v.File = file
	return s.Print(v, func(w io.Writer) {
		fmt.Fprintf(w, "%s is taken\n", file)
		fmt.Fprintf(w, "size          %d bytes, %d functions; metered %d bytes\n", v.Size, v.Functions, v.Hardened)
		fmt.Fprintf(w, "capabilities  %s\n", strings.Join(v.Capabilities, ", "))
		fmt.Fprintf(w, "memory        %d bytes at the start, %d at most\n", v.MemoryStart, v.MemoryMost)
		if v.Reset {
			fmt.Fprintf(w, "instances     reset in place: memory and %d globals\n", v.Globals)
		}
		for _, o := range v.Obstacles {
			fmt.Fprintf(w, "instances     a new one for each call: %s\n", cli.Clean(o))
		}
	})
}

// readModule reads no more of a file than a module may have, and one byte by which more is seen.
func readModule(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, wasm.MaxSize+1))
}

func checkModule(module []byte) (moduleVerdict, error) {
	m, err := wasm.Scan(module)
	if err != nil {
		return moduleVerdict{}, err
	}
	if err := wasm.Check(m); err != nil {
		return moduleVerdict{}, err
	}
	h, err := wasm.Harden(module)
	if err != nil {
		return moduleVerdict{}, err
	}
	if start, most := int64(h.MinPages)*wasm.PageSize, (abi.Limits{}).WithDefaults().Memory; start > most {
		return moduleVerdict{}, &wasm.Error{Kind: wasm.ErrLimit, Section: "memory", Entry: 0, Offset: -1,
			Problem: fmt.Sprintf("starts with %d bytes of memory, at most %d are allowed", start, most), Fix: "embed less data"}
	}
	return moduleVerdict{
		Size: m.Size, Functions: m.Functions, Capabilities: m.Capabilities(),
		MemoryStart: int64(h.MinPages) * wasm.PageSize, MemoryMost: int64(h.MaxPages) * wasm.PageSize,
		Hardened: len(h.Code), Globals: len(h.Globals), Reset: len(h.Obstacles) == 0, Obstacles: h.Obstacles,
	}, nil
}
