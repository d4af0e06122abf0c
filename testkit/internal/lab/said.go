package lab

import (
	"context"
	"log/slog"

	"patchbay/host"
)

// ear is the log of a lab's host: all of it, and apart from that what the guest says.
type ear struct {
	slog.Handler
	guest slog.Handler
}

func (e ear) Handle(ctx context.Context, r slog.Record) error {
	if host.SaidByGuest(ctx) {
		if err := e.guest.Handle(ctx, r); err != nil {
			return err
		}
	}
	return e.Handler.Handle(ctx, r)
}

func (e ear) WithAttrs(attrs []slog.Attr) slog.Handler {
	return ear{e.Handler.WithAttrs(attrs), e.guest} // the host's attributes are not the guest's words
}

func (e ear) WithGroup(name string) slog.Handler {
	return ear{e.Handler.WithGroup(name), e.guest.WithGroup(name)}
}

func newEar(all, guest *logs) ear {
	everything := &slog.HandlerOptions{Level: slog.LevelDebug}
	return ear{slog.NewTextHandler(all, everything), slog.NewTextHandler(guest, everything)}
}
