package wasm

// Limits of a module. The package comment says where they come from.
const (
	MaxSize         = 16 << 20   // bytes of the file
	MaxTypes        = 10_000     // function types
	MaxParams       = 128        // of one function type
	MaxResults      = 32         // of one function type
	MaxImports      = 256        // of any kind
	MaxFunctions    = 40_000     // defined in the module
	MaxTables       = 4          // imported and defined
	MaxTableEntries = 100_000    // of one table at start
	MaxMemoryPages  = 4096       // of 64 KiB at start: 256 MiB
	MaxGlobals      = 10_000     // defined in the module
	MaxExports      = 1000       // of any kind
	MaxSegments     = 10_000     // element segments
	MaxData         = 100_000    // data segments
	MaxElements     = 100_000    // table elements in all segments
	MaxBody         = 256 << 10  // bytes of one function body
	MaxLocals       = 1000       // of one function, without its parameters
	MaxLocalsTotal  = 1_000_000  // of all functions
	MaxNesting      = 4096       // blocks within each other
	MaxTargets      = 8192       // of one br_table, without its default
	MaxTargetsTotal = 16_384     // of all br_tables of one function
	MaxJoins        = 4_000_000  // of one function; see the package comment
	MaxJoinsTotal   = 40_000_000 // of all functions
	MaxCustom       = 64         // custom sections
	MaxCustomBytes  = 1 << 20    // bytes of all custom sections
	MaxName         = 4096       // bytes of the name of an import, export or custom section
)

// PageSize is the unit of a memory's size in bytes.
const PageSize = 64 << 10

// addressPages is the largest memory that a 32-bit address reaches, in pages.
const addressPages = 1 << 16
