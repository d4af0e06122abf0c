// Command guest does what connectors do most, reading and writing JSON, and some of what they do not.
package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
)

type contact struct {
	ID     int               `json:"id"`
	Name   string            `json:"name"`
	Emails []string          `json:"emails"`
	Fields map[string]string `json:"fields,omitempty"`
	Score  float64           `json:"score"`
}

var input = func() []byte {
	var list []contact
	for i := range 40 {
		list = append(list, contact{
			ID: i, Name: fmt.Sprintf("Person %d \u00fc", i), Emails: []string{"a@example.com", "b@example.com"},
			Fields: map[string]string{"city": "Bern", "note": strings.Repeat("x", i)}, Score: float64(i) / 3,
		})
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return b
}()

// transcode reads and writes the contacts n times and returns a sum of what it wrote.
//
//go:wasmexport transcode
func transcode(n int32) int32 {
	sum := fnv.New32a()
	for range n {
		var list []contact
		if err := json.Unmarshal(input, &list); err != nil {
			panic(err)
		}
		sort.Slice(list, func(i, j int) bool { return list[i].Name > list[j].Name })
		b, err := json.Marshal(list)
		if err != nil {
			panic(err)
		}
		sum.Write(b)
	}
	return int32(sum.Sum32())
}

// count sums n numbers, which is the worst that metering meets: a loop with next to nothing in it.
//
//go:wasmexport count
func count(n int32) int32 {
	var sum int32
	for i := range n {
		sum = sum*31 ^ i
	}
	return sum
}

// fibonacci calls itself a lot.
//
//go:wasmexport fibonacci
func fibonacci(n int32) int32 {
	if n < 2 {
		return n
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

func main() {}
