package quota

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestResetTime(t *testing.T) {
	at := instant(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	in30 := at.add(30 * time.Second)
	for text, want := range map[string]instant{
		"30":                             in30,
		"30.5":                           at.add(30500 * time.Millisecond),
		"0":                              at,
		strconv.Itoa(int(in30 / 1e6)):    in30,
		strconv.Itoa(int(in30 / 1e3)):    in30,
		"Sun, 01 Mar 2026 12:00:30 GMT":  in30,
		"Sunday, 01-Mar-26 12:00:30 GMT": in30,
		"":                               0, "-5": 0, "soon": 0, "1e9": 0, "NaN": 0, "Inf": 0, "0x10": 0, "1.2.3": 0, "99999999999999999999": 0,
	} {
		got, ok := resetTime(text, at)
		if got != want || ok != (want != 0) {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
}

func FuzzReleased(f *testing.F) {
	f.Add("12", "30", "1.5", 200)
	f.Add("0", "1772366430000", "999999999999999999999999", 429)
	f.Add("", "Sun, 01 Mar 2026 12:00:30 GMT", ".", 0)
	b := Bucket{Key: "k", Requests: 10, Per: time.Minute, Burst: 5, RemainingHeader: "R", ResetHeader: "T", CostHeader: "C"}
	f.Fuzz(func(t *testing.T, left, reset, cost string, status int) {
		at := now()
		c := released(at, b, status, http.Header{"R": {left}, "T": {reset}, "C": {cost}})
		if c.left < -1 || c.left > biggest || c.cost < 1 || c.cost > biggest || c.reset > at.add(longestPause) {
			t.Fatalf("%+v", c)
		}
		r := record{limit: b.limit()}
		r.apply(c)
		if n := r.next(0, at); n < at || n > at.add(longestPause) {
			t.Fatalf("%+v: the next slot comes in %v", c, at.until(n))
		}
	})
}

func FuzzDecode(f *testing.F) {
	r := record{limit: minute.limit(), streak: 3, others: map[string]holder{"p": {Used: 1, Until: 99}}}
	r.cooling.add(1000, 2, 1000)
	value, _ := r.encode("me", holder{Used: 1, Until: 100})
	f.Add(value)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		r, own, err := decode("k", value, "me")
		if err != nil {
			return
		}
		first, err := r.encode("me", own)
		if err != nil {
			t.Fatal(err)
		}
		again, own, err := decode("k", first, "me")
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, _ := again.encode("me", own); string(second) != string(first) {
			t.Fatalf("%s became %s", first, second)
		}
		r.settle(now())
		r.free(0, now())
	})
}

var adaptive = Bucket{Key: "k", Requests: 100, Per: time.Minute, RemainingHeader: "X-Remaining", ResetHeader: "X-Reset", CostHeader: "X-Cost"}

func answer(remaining, reset, cost string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"X-Remaining": remaining, "X-Reset": reset, "X-Cost": cost} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

func TestAdaptive(t *testing.T) {
	type step struct {
		after   time.Duration
		header  http.Header
		free    int
		comment string
	}
	for _, tt := range []struct {
		name   string
		bucket Bucket
		steps  []step
	}{
		{"cost", adaptive, []step{
			{0, answer("", "", "10"), 90, "ten units"},
			{0, answer("", "", "0"), 89, "at least one"},
			{0, answer("", "", "many"), 88, "unreadable"},
			{0, answer("", "", "1000000"), 0, "more than there is"},
			{61 * time.Second, nil, 99, "all but this one are free again"},
		}},
		{"left", adaptive, []step{
			{0, answer("20", "30", ""), 20, "narrowed"},
			{0, answer("50", "30", ""), 20, "an answer that was overtaken"},
			{0, nil, 19, "an answer that says nothing"},
			{0, answer("5", "1", ""), 19, "about a time that is over"},
			{0, answer("40", "40", ""), 40, "about a later time"},
			{41 * time.Second, nil, 94, "the reset is over, six are cooling"},
		}},
		{"nothing left", Bucket{Key: "k", RemainingHeader: "X-Remaining"}, []step{
			{0, answer("1", "", ""), 1, "one left"},
			{0, answer("0", "", ""), 0, "none left"},
		}},
		{"leaky", Bucket{Key: "k", Requests: 60, Per: time.Minute, Burst: 10, CostHeader: "X-Cost"}, []step{
			{0, answer("", "", "4"), 6, "four units"},
			{2 * time.Second, nil, 7, "two have leaked, one came"},
			{0, answer("", "", "5000"), 0, "full"},
			{10 * time.Second, nil, 9, "and not more than full"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New(Config{})
				defer q.Close()
				for _, s := range tt.steps {
					time.Sleep(s.after)
					acquire(t, q, Claim{}, tt.bucket).Release(200, s.header)
					time.Sleep(time.Millisecond) // a slot's time is rounded up
					if got := states(t, q)[0].Free; got != s.free {
						t.Errorf("%s: %d slots are free, want %d", s.comment, got, s.free)
					}
				}
			})
		})
	}
}

// TestAdaptive_WaitsForTheReset: and no longer.
func TestAdaptive_WaitsForTheReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		start := time.Now()
		acquire(t, q, Claim{}, adaptive).Release(200, answer("0", "30", ""))
		acquire(t, q, Claim{}, adaptive).Release(200, nil)
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("waited %v for a reset in 30s", d)
		}
	})
}

// TestAdaptive_CountsWhatIsInUse: what is left is for requests that the vendor may not have counted yet, too.
func TestAdaptive_CountsWhatIsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		first, second := acquire(t, q, Claim{}, adaptive), acquire(t, q, Claim{}, adaptive)
		first.Release(200, answer("3", "30", ""))
		if s := states(t, q)[0]; s.Free != 2 || s.Left != 3 {
			t.Errorf("%d slots are free, want 2 of 3 left, since one request is in use", s.Free)
		}
		second.Release(200, answer("2", "30", ""))
		if s := states(t, q)[0]; s.Free != 2 {
			t.Errorf("%d slots are free, want 2", s.Free)
		}
	})
}

// TestConcurrency_IsNeverAboveTheLimit: nor is what is left of a pause under an earlier limit.
func TestConcurrency_IsNeverAboveTheLimit(t *testing.T) {
	r := record{limit: limit{Concurrency: 2}, ceiling: 3}
	if n := r.free(0, 1); n != 2 {
		t.Errorf("%d slots are free, want 2", n)
	}
}

// TestCharge_LastsLongerThanPer: time is measured rounded down, so what is taken ends one microsecond later.
func TestCharge_LastsLongerThanPer(t *testing.T) {
	for _, b := range []Bucket{
		{Requests: 1, Per: 100 * time.Microsecond},
		{Requests: 1, Per: 100 * time.Microsecond, Burst: 1},
	} {
		r := record{limit: b.limit()}
		r.charge(1, 1000)
		r.settle(1100)
		if r.free(0, 1100) != 0 {
			t.Errorf("%+v: a slot is free at the end of Per", b)
		}
		r.settle(1101)
		if r.free(0, 1101) != 1 {
			t.Errorf("%+v: no slot is free after Per", b)
		}
	}
}
