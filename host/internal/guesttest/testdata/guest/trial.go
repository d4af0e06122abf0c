package main

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"patchbay/abi"
)

// This file is the guest of the isolation trial: one call plants words wherever a guest can keep something and
// ends in some way; another looks through all of its memory for such words.
//
// Words cross the boundary with every bit turned over, and are compared so: a guest that looks for a word must
// not have it in its own memory.

var trial = map[string]func(abi.Envelope) int32{
	"plant": func(env abi.Envelope) int32 { return plant(input[planting](env)) },
	"scan":  func(env abi.Envelope) int32 { return scan(input[scanning](env)) },
}

// planting has the word's two halves turned over, and how the call is to end.
type planting struct {
	Mark, Serial uint64
	End          string
}

// word is 16 bytes that no guest has by chance.
type word [2]uint64

var (
	planted     word
	plantedList []*word
	plantedMap  = map[string]word{}
	held        = make(chan struct{})
)

func plant(p planting) int32 {
	w := word{^p.Mark, ^p.Serial}
	planted = w
	for range 100 {
		plantedList = append(plantedList, &word{w[0], w[1]})
	}
	plantedMap[string(w.bytes())] = w
	for range 4 {
		go keep(w)
	}
	runtime.Gosched()
	large := make([]byte, 3<<20) // more than there was: memory grows
	for i := 0; i+16 <= len(large); i += 1000 {
		copy(large[i:], w.bytes())
	}
	deepen(50, w)
	tell(w)
	defer runtime.KeepAlive(large)
	return endings[p.End]()
}

func (w word) bytes() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, w[0]), w[1])
}

// keep is a goroutine that waits with a word on its stack.
func keep(w word) {
	<-held
	sink += int(w[0])
}

//go:noinline
func deepen(n int, w word) uint64 {
	frame := [8]word{w, w, w, w, w, w, w, w}
	if n == 0 {
		return frame[3][0]
	}
	return deepen(n-1, frame[n%8]) + frame[(n+1)%8][1]
}

// tell gives the word to the host in every way there is, so that it has to forget it too.
func tell(w word) {
	request(httpCall, abi.OpSend, append([]byte("{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\n"), w.bytes()...))
	request(logCall, abi.OpWrite, w.bytes())
	request(sysCall, abi.OpEnvelope, nil)
}

var endings = map[string]func() int32{
	"ok":      func() int32 { output("planted"); return 0 },
	"fault":   func() int32 { result(abi.Fail(abi.Faultf(abi.Conflict, "on purpose"))); return 0 },
	"trap":    trap,
	"panic":   func() int32 { panic("on purpose") },
	"exit":    exit,
	"memory":  hog,
	"descend": func() int32 { return int32(descend(1)) },
	"spin":    spin,
	"nothing": func() int32 { return 0 },
	"lock":    func() int32 { select {} },
}

// scanning has the first half of the words to look for turned over. Own says to plant one of them first.
type scanning struct {
	Mark uint64
	Own  bool
}

func scan(s scanning) int32 {
	found := 0
	reply := make([]byte, 64) // what the host still has from another call
	for _, from := range []func(uint32, uint32, uint32) int32{httpTake, logTake} {
		ptr, n := address(reply)
		from(ptr, n, 0)
		found += count(reply, s.Mark)
	}
	if s.Own {
		planted = word{^s.Mark, 1}
	}
	found += count(memory(), s.Mark)
	large := make([]byte, 8<<20)
	found += count(memory(), s.Mark)
	runtime.KeepAlive(large)
	planted = word{}
	output(map[string]int{"found": found, "bytes": len(memory())})
	return 0
}

// count says how often eight bytes that are mark turned over stand in b, at any address. The word itself is
// never computed: what is read is turned over.
func count(b []byte, mark uint64) (n int) {
	for i := 0; i+8 <= len(b); i++ {
		if ^*(*uint64)(unsafe.Pointer(&b[i])) == mark {
			n++
		}
	}
	return n
}
