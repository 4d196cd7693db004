package audit_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/pg"
)

// linesOf are those of a log about a subject. Other tests' acts are heard too.
func linesOf(log *gatewaytest.Log, subject string) (all []string) {
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "subject="+subject) {
			all = append(all, line)
		}
	}
	return all
}

// What people do is told beside the database too, once it is certain and never before; what is
// private about it is not.
func TestWhatPeopleDoIsToldBesideTheDatabase(t *testing.T) {
	h := &gatewaytest.Log{}
	audit.TellTo(slog.New(slog.NewTextHandler(h, nil)))
	t.Cleanup(func() { audit.TellTo(nil) })
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	ctx := audit.WithHost(t.Context(), "192.0.2.77")
	act := func(person, subject string) audit.Act {
		return audit.Act{At: noon, Person: person, Act: "pledge.made", Subject: subject, Detail: map[string]any{"email": "canary@example.org"}}
	}
	id := pg.NewID()
	one, batch, ours, alarm, undone := "pledge:1-"+id, "pledge:2-"+id, "pledge:3-"+id, "pledge:4-"+id, "pledge:5-"+id
	w.Tx(func(tx *sqlx.Tx) error {
		err := errors.Join(audit.Record(ctx, tx, act(w.Payer, one)), audit.RecordAll(ctx, tx, []audit.Act{act(w.Payer, batch), act("", ours)}),
			audit.Record(ctx, tx, act("", ours)), audit.Raise(ctx, tx, w.Cluster, act("", alarm)))
		for _, subject := range []string{one, batch, ours, alarm} {
			if early := linesOf(h, subject); len(early) > 0 {
				t.Errorf("told before it was certain: %s", early)
			}
		}
		return err
	})
	failed := errors.New("it is not to be")
	if err := pg.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		return errors.Join(audit.Record(ctx, tx, act(w.Payer, undone)), audit.Raise(ctx, tx, w.Cluster, act("", undone)), failed)
	}); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	var number int64
	if err := w.Owner.Get(&number, `SELECT id FROM audit_acts WHERE subject = $1`, one); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]string{
		one:    fmt.Sprintf(`level=INFO msg=done act=pledge.made subject=%s at=2026-03-02T12:00:00.000Z person=%s number=%d`, one, w.Payer, number),
		batch:  fmt.Sprintf(`level=INFO msg=done act=pledge.made subject=%s at=2026-03-02T12:00:00.000Z person=%s`, batch, w.Payer),
		alarm:  `level=WARN msg="an alarm" act=pledge.made subject=` + alarm,
		ours:   "", // the books show it
		undone: "",
	} {
		got := linesOf(h, subject)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
			t.Errorf("%s: told %q, want %q once", subject, got, want)
		}
		for _, line := range got {
			if strings.Contains(line, "canary") || strings.Contains(line, "192.0.2.77") {
				t.Errorf("what is private is told: %s", line)
			}
		}
	}
}
