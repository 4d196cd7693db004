package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// alarmed is a world with alarms upon some subjects.
func alarmed(t *testing.T, subjects ...string) *gatewaytest.World {
	t.Helper()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	for _, s := range subjects {
		w.Tx(func(tx *sqlx.Tx) error {
			return audit.Raise(t.Context(), tx, w.Cluster, audit.Act{At: noon, Act: "payment.amount-differs", Subject: s, Detail: map[string]any{"asked": "1.00"}})
		})
	}
	return w
}

func alarms(t *testing.T, w *gatewaytest.World, person string, open bool, subject string, after int64, limit int) []audit.Alarm {
	t.Helper()
	all, err := audit.Alarms(t.Context(), w.DB, person, open, subject, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnAlarmStaysOpenUntilSomebodyAnswers(t *testing.T) {
	t.Parallel()
	w := alarmed(t, "payment:1", "payment:2")
	open := alarms(t, w, w.Coordinator, true, "", 0, 10)
	if len(open) != 2 || open[0].Subject != "payment:2" || !open[0].Open || open[0].ClusterID != w.Cluster || string(open[0].Detail) != `{"asked": "1.00"}` {
		t.Fatalf("open: %+v", open)
	}
	first := open[1]
	if err := audit.Answer(t.Context(), w.DB, w.Now, first.ID, w.Approver, "  The payer sent 10 cents more.\n"); err != nil {
		t.Fatal(err)
	}
	if left := alarms(t, w, w.Coordinator, true, "", 0, 10); len(left) != 1 || left[0].ID != open[0].ID {
		t.Errorf("still open: %+v", left)
	}
	answered := alarms(t, w, w.Coordinator, false, "", 0, 10)
	if len(answered) != 1 || answered[0].Open || answered[0].Note != "The payer sent 10 cents more." || answered[0].AnsweredBy != "approver" || !answered[0].AnsweredAt.Valid {
		t.Errorf("answered: %+v", answered)
	}
	if n, err := audit.OpenAlarms(t.Context(), w.DB, w.Coordinator); n != 1 || err != nil {
		t.Errorf("%d are open, %v", n, err)
	}
	if w.Acts("alarm.answered") != 1 {
		t.Error("the answer is no act of the audit")
	}
}

func TestAnAlarmIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	w := alarmed(t, "payment:1")
	id := alarms(t, w, w.Coordinator, true, "", 0, 1)[0].ID
	errs := gatewaytest.Together(8, func(int) error { return audit.Answer(t.Context(), w.DB, w.Now, id, w.Coordinator, "seen") })
	taken := 0
	for _, err := range errs {
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, fault.New(fault.Conflict, "alarm.answered")):
			t.Error(err)
		}
	}
	if taken != 1 || w.Count("alarm_answers") != 1 || w.Acts("alarm.answered") != 1 {
		t.Errorf("%d answers were taken, %d written, %d acts", taken, w.Count("alarm_answers"), w.Acts("alarm.answered"))
	}
}

func TestAnAnswerThatIsNotToBeIsRefused(t *testing.T) {
	t.Parallel()
	w := alarmed(t, "payment:1")
	id := alarms(t, w, w.Coordinator, true, "", 0, 1)[0].ID
	var auditor string
	w.Tx(func(tx *sqlx.Tx) (err error) {
		if auditor, err = member.AddPerson(t.Context(), tx, w.Now(), "auditor@example.org", "auditor", ""); err != nil {
			return err
		}
		return member.GiveClusterRole(t.Context(), tx, auditor, w.Cluster, member.Auditor)
	})
	for name, test := range map[string]struct {
		person, note string
		id           int64
		want         *fault.Fault
	}{
		"no note":             {w.Coordinator, " \n", id, fault.New(fault.Invalid, "alarm.note_missing")},
		"a note too long":     {w.Coordinator, strings.Repeat("ї", 1001), id, fault.New(fault.Invalid, "text.too_long")},
		"an auditor":          {auditor, "seen", id, fault.New(fault.Forbidden, "role.read_only")},
		"another cluster":     {w.Stranger, "seen", id, fault.New(fault.NotFound, "alarm.unknown")},
		"a payer":             {w.Payer, "seen", id, fault.New(fault.NotFound, "alarm.unknown")},
		"an unknown alarm":    {w.Coordinator, "seen", id + 99, fault.New(fault.NotFound, "alarm.unknown")},
		"an act that is none": {w.Coordinator, "seen", 0, fault.New(fault.NotFound, "alarm.unknown")},
	} {
		if err := audit.Answer(t.Context(), w.DB, w.Now, test.id, test.person, test.note); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if seen := alarms(t, w, auditor, true, "", 0, 10); len(seen) != 1 {
		t.Error("the auditor does not see the alarm")
	}
	if w.Count("alarm_answers") != 0 || w.Count("alarms WHERE open") != 1 {
		t.Error("something was written")
	}
}

// The database keeps it: nobody closes an alarm without an answer, and no answer is changed.
func TestAnAlarmIsClosedByItsAnswerAlone(t *testing.T) {
	t.Parallel()
	w := alarmed(t, "payment:1", "payment:2")
	answered := alarms(t, w, w.Coordinator, true, "payment:1", 0, 1)[0].ID
	if err := audit.Answer(t.Context(), w.DB, w.Now, answered, w.Coordinator, "seen"); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`UPDATE alarms SET open = false`, `UPDATE alarms SET open = true`, `UPDATE alarms SET cluster_id = (SELECT id FROM clusters WHERE slug = 'lviv-it')`, `DELETE FROM alarms`,
		`TRUNCATE alarms CASCADE`, `UPDATE alarm_answers SET note = 'other'`, `DELETE FROM alarm_answers`,
	} {
		if _, err := w.Owner.ExecContext(t.Context(), query); pg.Code(err) != "LG004" {
			t.Errorf("%s: %v, want LG004", query, err)
		}
		if _, err := w.DB.ExecContext(t.Context(), query); pg.Code(err) != "42501" {
			t.Errorf("the program: %s: %v, want 42501", query, err)
		}
	}
}

func TestAlarmsHavePagesAndSubjects(t *testing.T) {
	t.Parallel()
	var subjects []string
	for range 7 {
		subjects = append(subjects, "payment:1", "payment:2")
	}
	w := alarmed(t, subjects...)
	var seen []int64
	for _, subject := range []string{"", "payment:2"} {
		seen = seen[:0]
		after := int64(0)
		for {
			page := alarms(t, w, w.Coordinator, true, subject, after, 4)
			for _, a := range page {
				if after != 0 && a.ID >= after || subject != "" && a.Subject != subject {
					t.Errorf("%d of %s does not belong below %d", a.ID, a.Subject, after)
				}
				seen = append(seen, a.ID)
			}
			if len(page) < 4 {
				break
			}
			after = page[len(page)-1].ID
		}
		if want := map[string]int{"": 14, "payment:2": 7}[subject]; len(seen) != want {
			t.Errorf("%q: %d alarms on all pages, want %d", subject, len(seen), want)
		}
		for _, person := range []string{w.Stranger, w.Payer} {
			if others := alarms(t, w, person, true, subject, 0, 10); len(others) > 0 {
				t.Errorf("%q: others see %d", subject, len(others))
			}
		}
	}
}

func TestActsUponASubjectAreToldInTheirOrder(t *testing.T) {
	t.Parallel()
	w := alarmed(t, "payment:1")
	w.Tx(func(tx *sqlx.Tx) error {
		return audit.Record(t.Context(), tx, audit.Act{At: noon, Person: w.Payer, Act: "payment.asked", Subject: "payment:1"})
	})
	acts, err := audit.Of(t.Context(), w.DB, "payment:1")
	if err != nil || len(acts) != 2 || !acts[0].Alarm || acts[0].PersonName != "" || acts[1].Alarm || acts[1].PersonName != "payer" || acts[1].Act != "payment.asked" {
		t.Errorf("%+v, %v", acts, err)
	}
}
