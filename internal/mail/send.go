package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"time"

	"github.com/jmoiron/sqlx"
	gomail "github.com/wneessen/go-mail"

	"kopiyka/internal/clock"
)

// Sender sends what is in the outbox. Several may work at once, in one process or many.
type Sender struct {
	DB     *sqlx.DB
	Now    clock.Clock
	Log    *slog.Logger
	Server Server
	From   netmail.Address
}

// maxTries is after how many tries a letter is given up: with the pauses between them,
// some two days.
const maxTries = 14

// Send sends every letter that is to be sent now and returns when none is left, the server
// is of no use, or ctx is about to end. While the server cannot be reached no letter is
// touched, however long that takes.
//
// A letter is taken, sent outside any transaction, and marked. It is sent once, however
// many senders there are; only a crash between the server's yes and the mark sends it
// again, under the same Message-ID.
func (s *Sender) Send(ctx context.Context) error {
	waits, err := anyWaits(ctx, s.DB, s.Now())
	if err != nil || !waits {
		return err
	}
	client, err := s.Server.dial(ctx, s.From)
	if err != nil {
		return err
	}
	defer func() {
		if err := client.Close(); err != nil {
			s.Log.Debug("the mail server did not say goodbye", "error", err)
		}
	}()
	for timeFor(ctx) {
		l, found, err := take(ctx, s.DB, s.Now())
		if err != nil || !found {
			return err
		}
		if err := s.send(ctx, client, l); err != nil {
			return err
		}
		if l.Name == Farewell {
			if err := forgetFarewells(context.WithoutCancel(ctx), s.DB, s.Now()); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// Farewell is the name of the letter that tells somebody that they are erased. It is the
// last place where their address stands, and is emptied as soon as it is sent.
const Farewell = "erased"

// forgetFarewells empties the farewells that are sent, or cannot be.
func forgetFarewells(ctx context.Context, db *sqlx.DB, at time.Time) error {
	if _, err := db.ExecContext(ctx, `SELECT forget('farewells', $1, 100)`, at); err != nil {
		return fmt.Errorf("forget a farewell: %w", err)
	}
	return nil
}

// timeFor reports whether ctx leaves time for one more letter.
func timeFor(ctx context.Context) bool {
	end, ends := ctx.Deadline()
	return ctx.Err() == nil && (!ends || time.Until(end) > patience/4)
}

// send tries one letter and writes down what became of it. What concerns the letter alone
// is no error.
func (s *Sender) send(ctx context.Context, client *gomail.Client, l queued) error {
	m, err := l.build(s.From)
	if err != nil { // nothing that a server said: it cannot be put together, now or later
		s.Log.Error("a letter cannot be put together", "letter", l.ID, "name", l.Name, "error", err)
		return ended(ctx, s.DB, l, "refused", err.Error())
	}
	err = client.Send(m)
	ctx = context.WithoutCancel(ctx) // the server has answered: that is to be kept, even while stopping
	what := judge(m, err)
	log := s.Log.With("letter", l.ID, "name", l.Name, "try", l.Tries, "code", code(err))
	switch {
	case what == delivered:
		return sent(ctx, s.DB, l, s.Now())
	case what == never:
		log.Warn("a letter was refused")
		return ended(ctx, s.DB, l, "refused", err.Error())
	case l.Tries >= maxTries:
		log.Error("a letter is given up")
		return ended(ctx, s.DB, l, "given-up", err.Error())
	}
	log.Warn("a letter has to wait")
	marked := postponed(ctx, s.DB, l, s.Now().Add(pause(l.Tries)), err.Error())
	if what == broken {
		return errors.Join(fmt.Errorf("the mail server %s broke off", s.Server), marked)
	}
	return marked
}

// code is what the server answered, for the log, which names no reader; 0: it did not.
func code(err error) int {
	var refusal *gomail.SendError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return 0
}

// pause doubles from a minute to six hours.
func pause(tries int) time.Duration {
	p := time.Minute
	for range tries - 1 {
		p = min(p*2, 6*time.Hour)
	}
	return p
}
