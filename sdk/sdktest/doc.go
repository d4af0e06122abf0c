// Package sdktest runs a connector's operations under go test, without WebAssembly and without a network:
// it plays the host, and an [http.Handler] plays the vendor.
//
//	func TestLaunchProcess(t *testing.T) {
//		h := sdktest.New(connector(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//			io.WriteString(w, `{"data": {"id": "r1"}}`)
//		}))
//		h.Fields = map[string]any{"organization": "acme"}
//		got, err := sdktest.Run[Process](h, "launch_process", LaunchInput{Blueprint: "b1"})
//		...
//	}
//
// What crosses the boundary is encoded and read as in the real host, so a result that the host would refuse
// is an error here too. As there, a request must stay under a base URL of the connection and must not set a
// header that belongs to the host. Unlike there, nothing reads the manifest: the input is not checked
// against a schema, requests are not checked against methods and paths, no credential is attached, nothing
// is repeated and no redirect is followed. The cases of a connector's testdata/cases run in the real host.
//
// Connector authors may rely on this package. It imports net/http, so it is for tests and never for a guest.
package sdktest
