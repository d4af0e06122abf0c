package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
)

func newQuota(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "quota",
		Short: "Show how vendors' limits are used",
		Long: `Quota lists the limits that connectors' vendors set, as far as requests have counted in them: for which account or
connection, how much is used, who waits, and when the next request may go. All processes on one PATCHBAY_HOME share them.`,
		Example: `  $ host quota
  $ host quota --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				list, err := a.host.Quotas(c.Context())
				if err != nil {
					return err
				}
				if list == nil {
					list = []host.Quota{}
				}
				return s.Print(list, func(w io.Writer) { writeQuotas(w, list, time.Now()) })
			})
		},
	}
}

func writeQuotas(w io.Writer, list []host.Quota, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no request has counted in a vendor's limit yet")
		return
	}
	var rows [][]string
	for _, q := range list {
		rows = append(rows, []string{q.Key, limitWords(q), usedWords(q), strconv.Itoa(q.Waiting), nextWords(q, now)})
	}
	cli.Table(w, []string{"bucket", "limit", "used", "waiting", "next request"}, rows)
}

func limitWords(q host.Quota) string {
	text := ""
	switch {
	case q.Burst > 0:
		text = fmt.Sprintf("%d, refilled by %d in %s", q.Burst, q.Requests, brief(q.Per))
	case q.Requests > 0:
		text = fmt.Sprintf("%d in %s", q.Requests, brief(q.Per))
	}
	if q.Concurrency > 0 {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d at a time", q.Concurrency)
		if q.Ceiling > 0 && q.Ceiling < q.Concurrency {
			text += fmt.Sprintf(" (%d for now)", q.Ceiling)
		}
	}
	if text == "" {
		return "as the vendor says"
	}
	return text
}

func usedWords(q host.Quota) string {
	if q.Requests > 0 {
		return strconv.Itoa(q.Used)
	}
	return strconv.Itoa(q.InUse)
}

func nextWords(q host.Quota, now time.Time) string {
	switch {
	case q.PausedUntil.After(now):
		return "the vendor asked to wait for " + brief(q.PausedUntil.Sub(now).Round(time.Second))
	case q.Free != 0:
		return "now"
	case q.NextSlot.After(now):
		return "in " + brief(q.NextSlot.Sub(now).Round(100*time.Millisecond))
	}
	return "when one is answered"
}

// brief spells a duration without zeros at its end: 1h, not 1h0m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
