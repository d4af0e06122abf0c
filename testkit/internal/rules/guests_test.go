package rules_test

import (
	"patchbay/abi"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// small are guests that are too much trouble to make with a compiler, each with one thing in it. Their operations all
// answer the same, which rules about modules do not mind.
var small = map[string]func(g *wasmtest.Guest){
	"plain":    func(*wasmtest.Guest) {},
	"stout":    data(5 << 20),
	"heavy":    data(7 << 20),
	"huge":     data(13 << 20),
	"roomy":    func(g *wasmtest.Guest) { g.Memories[0].Min = 17 << 4 },
	"vast":     func(g *wasmtest.Guest) { g.Memories[0].Min = 26 << 4 },
	"beacon":   holds("https://collect.example.net/visit"),
	"formal":   holds("https://files.desk.example/terms http://www.w3.org/2001/XMLSchema"),
	"snug":     func(g *wasmtest.Guest) { g.Memories[0].Min = 15 << 4 },
	"deep":     nested(wasm.MaxNesting - 500),
	"flat":     nested(wasm.MaxNesting / 2),
	"debugged": custom(".debug_info"),
	"mapped":   custom("sourceMappingURL"),
	"named":    func(g *wasmtest.Guest) { g.Customs = append(g.Customs, wasmtest.Names()) },
	"produced": custom("producers"),
	"odd":      custom("payload"),
	"homely":   holds("/home/ada/desk/main.go"),
	"windows":  holds(`C:\Users\Ada\desk\main.rs`),
	"served":   holds("/home/{user}/files /Users /tmp/x"),
	"tested":   holds("flag -test.timeout"),
	"dialing":  holds("net/http.(*Client).Do"),
	"open":     func(g *wasmtest.Guest) { g.Export("backdoor", wasm.KindFunction, 0) },
	"tiny-go":  func(g *wasmtest.Guest) { g.Export("malloc", wasm.KindFunction, 0) },
}

func data(n int) func(*wasmtest.Guest) {
	return func(g *wasmtest.Guest) { g.Data = append(g.Data, wasmtest.PassiveData(wasmtest.Repeat(n, "\x00"))) }
}

func nested(n int) func(*wasmtest.Guest) {
	return func(g *wasmtest.Guest) {
		g.Func(wasmtest.Type("", ""), nil, wasmtest.Repeat(n, "\x02\x40")+wasmtest.Repeat(n, wasmtest.End))
	}
}

func custom(name wasmtest.Code) func(*wasmtest.Guest) {
	return func(g *wasmtest.Guest) { g.Customs = append(g.Customs, wasmtest.Custom(name, "x")) }
}

func holds(text wasmtest.Code) func(*wasmtest.Guest) {
	return func(g *wasmtest.Guest) { g.Data = append(g.Data, wasmtest.PassiveData(text)) }
}

// assembled is a guest that may make requests, changed.
func assembled(change func(*wasmtest.Guest)) []byte {
	g := wasmtest.NewGuest(wasmtest.Import{Module: abi.ModuleHTTP, Name: abi.FuncCall})
	change(g)
	return g.Invoke(nil, "")
}

// offline is a guest that cannot make requests.
func offline() []byte { return wasmtest.NewGuest().Invoke(nil, "") }

// nameless is a guest that describes itself and does not say by which SDK.
func nameless() []byte {
	const description = `{"status":"done","output":{"operations":[]}}`
	g := wasmtest.NewGuest()
	g.Data = []wasmtest.Code{wasmtest.ActiveData(wasmtest.ResultAt, description)}
	hand := wasmtest.I32Const(int32(abi.OpResult)) + wasmtest.I32Const(wasmtest.ResultAt) + wasmtest.I32Const(int32(len(description)))
	return g.InvokeOnly(nil, hand+wasmtest.Call(g.Call)+wasmtest.Drop+wasmtest.I32Const(0))
}
