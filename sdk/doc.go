// Package sdk is what a connector's author writes a guest with, in Go.
//
// Connector authors may rely on this package: what it exports does not change within its version, go/1.
//
// A guest is a main package that registers its operations and serves them:
//
//	func init() { sdk.Serve(connector()) } // a WASI reactor runs init, not main
//	func main() {}
//
//	func connector() *sdk.Connector {
//		c := sdk.New()
//		sdk.Test(c, "test", test)
//		sdk.Action(c, "launch_process", launchProcess)
//		sdk.Options(c, "blueprints", blueprints)
//		return c
//	}
//
//	func launchProcess(call *sdk.Call, in LaunchInput) (Process, error) {
//		resp, err := call.HTTP("api").Post(sdk.Path("organizations", call.Field("organization"), "runs"), sdk.JSON(in))
//		if err != nil {
//			return Process{}, err
//		}
//		if !resp.OK() {
//			return Process{}, resp.Fault()
//		}
//		var p Process
//		if err := resp.JSON(&p); err != nil {
//			return Process{}, err
//		}
//		return p, nil
//	}
//
// Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags "-s -w"
//
// and test it with go test and package sdktest: only the few lines that touch the boundary are built for
// WebAssembly alone.
//
// # What a guest has
//
// One call runs one handler. The network is there only through [Call.HTTP] and under the manifest's http grants.
// There are no files, no arguments and no environment. time.Now and time.Sleep work as anywhere; a sleep is spent
// from the call's deadline. Credentials stay with the host, which attaches them.
//
// Goroutines run while a handler runs and stop with it. All of them waiting for one another ends the
// guest, and so does running out of memory. A panic of the handler becomes an internal fault; one in
// another goroutine ends the guest.
//
// # How a call begins
//
// Every call begins in the same state: the memory that the guest has once its init functions have run and it has
// described itself, as the host asks it to (see package abi; [Serve] answers). No handler has run by then, and nothing
// that a call leaves in memory reaches a later one. So package variables may hold what is the same for everybody, such
// as tables and compiled regular expressions. Do not fetch or cache anything of an account in package variables at
// init, nor the time. A sync.Once or a cache that is filled in a call is empty again in the next; what must last goes
// into a cursor ([Page], [Call.Cursor]) or a state ([Pending], [Call.State]).
//
// While it describes itself the guest has encoding/json learn the types of its operations, so that calls spend no time
// on that. [Prime] adds types that you decode from responses, or encode yourself.
//
// # Chance
//
// crypto/rand and the top-level functions of math/rand and math/rand/v2 give other numbers in every call. But
// what the package's variables and init functions do may be done once for many calls. A number that is drawn
// there is the same in every call, and so is all that comes of a generator or a seed that is made there: call
// rand.Uint64 in the handler, and keep no rand.New of your own. The hash of a map may repeat, and the order in
// which a select tries its cases.
//
// # Size
//
// The package leaves net/http, mime/multipart, log/slog and text/template alone, since each adds megabytes
// to a guest. A guest that does so too stays below 4 MiB.
package sdk
