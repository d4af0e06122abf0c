// Command openweather is the guest of the OpenWeather connector. Its two readings are one closure each over the same request;
// a connector this small needs neither a client nor a second file.
package main

import (
	"cmp"
	"net/url"
	"strconv"
	"time"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "get_current_weather", reading("/weather", now.weather))
	sdk.Action(c, "get_forecast", reading("/forecast", days.forecast))
	sdk.Test(c, "check_key", func(call *sdk.Call) (weather, error) {
		return reading("/weather", now.weather)(call, query{City: "London,GB"})
	})
	return c
}

type query struct {
	City  string `json:"city"`
	Units string `json:"units"`
	Steps int    `json:"steps"`
}

func (q query) values(path string) url.Values {
	v := url.Values{"q": {q.City}, "units": {cmp.Or(q.Units, "metric")}}
	if path == "/forecast" {
		v.Set("cnt", strconv.Itoa(cmp.Or(q.Steps, 8)))
	}
	return v
}

// reading makes a handler that asks for path and gives what shape makes of the answer.
func reading[From, To any](path string, shape func(From) (To, error)) func(*sdk.Call, query) (To, error) {
	return func(call *sdk.Call, q query) (to To, err error) {
		resp, err := call.HTTP("api").Get(path, q.values(path))
		if err != nil {
			return to, err
		}
		if !resp.OK() {
			return to, resp.Fault()
		}
		var from From
		if err := resp.JSON(&from); err != nil {
			return to, err
		}
		return shape(from)
	}
}

// moment is what OpenWeather says of a time. Pointers tell a zero from what is missing.
type moment struct {
	At   int64 `json:"dt"`
	Main struct {
		Temperature *float64 `json:"temp"`
		Humidity    *float64 `json:"humidity"`
	} `json:"main"`
	Wind struct {
		Speed *float64 `json:"speed"`
	} `json:"wind"`
	Weather []struct {
		Description string `json:"description"`
	} `json:"weather"`
	Rain *float64 `json:"pop"`
}

// check says whether there is a time and a temperature, without which nothing else is of use.
func (m moment) check() error {
	if m.At <= 0 || m.Main.Temperature == nil {
		return sdk.Faultf(sdk.Unavailable, "OpenWeather's answer has no time or no temperature; try again later")
	}
	return nil
}

func (m moment) time() string { return time.Unix(m.At, 0).UTC().Format(time.RFC3339) }

func (m moment) summary() string {
	if len(m.Weather) == 0 {
		return ""
	}
	return m.Weather[0].Description
}

type now struct {
	moment
	Name string `json:"name"`
}

type weather struct {
	City        string   `json:"city,omitempty"`
	MeasuredAt  string   `json:"measured_at"`
	Temperature float64  `json:"temperature"`
	Humidity    *float64 `json:"humidity,omitempty"`
	WindSpeed   *float64 `json:"wind_speed,omitempty"`
	Summary     string   `json:"summary,omitempty"`
}

func (n now) weather() (weather, error) {
	if err := n.check(); err != nil {
		return weather{}, err
	}
	return weather{n.Name, n.time(), *n.Main.Temperature, n.Main.Humidity, n.Wind.Speed, n.summary()}, nil
}

type days struct {
	City struct {
		Name string `json:"name"`
	} `json:"city"`
	List []moment `json:"list"`
}

type step struct {
	At          string   `json:"at"`
	Temperature float64  `json:"temperature"`
	Rain        *float64 `json:"rain_probability,omitempty"`
	Summary     string   `json:"summary,omitempty"`
}

type forecast struct {
	City  string `json:"city,omitempty"`
	Steps []step `json:"steps"`
}

func (d days) forecast() (forecast, error) {
	f := forecast{City: d.City.Name, Steps: []step{}}
	for _, m := range d.List {
		if err := m.check(); err != nil {
			return forecast{}, err
		}
		f.Steps = append(f.Steps, step{m.time(), *m.Main.Temperature, m.Rain, m.summary()})
	}
	return f, nil
}
