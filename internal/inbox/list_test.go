package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/inbox"
)

// A person replays what was laid aside, and every try is before it again.
func TestADeadEventIsReplayedInAPersonsName(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	keep(t, w.DB, "evt_1")
	if _, err := w.Owner.Exec(`UPDATE inbox_events SET state = 'dead', tries = 12, trouble = 'no such payment'`); err != nil {
		t.Fatal(err)
	}
	if err := inbox.Replay(t.Context(), w.DB, w.Now, "evt_1", w.Coordinator); err != nil {
		t.Fatal(err)
	}
	if got := standing(t, w.DB, "evt_1"); got.State != "new" || got.Tries != 0 || got.Trouble != "no such payment" {
		t.Errorf("it stands %+v", got)
	}
	if n := w.Count(`audit_acts WHERE act = 'event.replayed' AND subject = 'event:evt_1' AND person_id = $1 AND detail->>'was' = 'dead'`, w.Coordinator); n != 1 {
		t.Errorf("%d acts tell of it", n)
	}
	if err := inbox.Replay(t.Context(), w.DB, w.Now, "evt_1", w.Coordinator); !errors.Is(err, fault.New(fault.Conflict, "event.waits")) {
		t.Errorf("a second time: %v", err)
	}
	handled := 0
	if !one(t, worker(w.DB, w.Now, func(context.Context, inbox.Event) error { handled++; return nil })) || handled != 1 {
		t.Errorf("handled %d times", handled)
	}
	if got := standing(t, w.DB, "evt_1"); got.State != "done" || got.Trouble != "" {
		t.Errorf("afterwards it stands %+v", got)
	}
	if err := inbox.Replay(t.Context(), w.DB, w.Now, "evt_1", w.Coordinator); err != nil { // done ones too
		t.Error(err)
	}
	for _, id := range []string{"evt_2", "", "\x00", "\xff"} {
		if err := inbox.Replay(t.Context(), w.DB, w.Now, id, w.Coordinator); !errors.Is(err, fault.New(fault.NotFound, "event.unknown")) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestEventsAreListedByStateAndPage(t *testing.T) {
	t.Parallel()
	w := gatewaytest.NewWorld(t, clock.System, "USD")
	for i := range 11 {
		keep(t, w.DB, fmt.Sprintf("evt_%02d", i)) // all at noon: the id decides
	}
	if _, err := w.Owner.Exec(`UPDATE inbox_events SET state = 'dead' WHERE event_id IN ('evt_03', 'evt_07')`); err != nil {
		t.Fatal(err)
	}
	var seen []string
	after := ""
	for {
		page, err := inbox.List(t.Context(), w.DB, inbox.New, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			seen = append(seen, e.ID)
		}
		if len(page) < 4 {
			break
		}
		after = page[3].ID
	}
	if want := []string{"evt_10", "evt_09", "evt_08", "evt_06", "evt_05", "evt_04", "evt_02", "evt_01", "evt_00"}; !slices.Equal(seen, want) {
		t.Errorf("new: %v, want %v", seen, want)
	}
	if dead, err := inbox.List(t.Context(), w.DB, inbox.Dead, "", 4); err != nil || len(dead) != 2 || dead[0].ID != "evt_07" {
		t.Errorf("dead: %v, %v", dead, err)
	}
	if _, err := inbox.List(t.Context(), w.DB, inbox.Dead, "evt_unknown", 4); !errors.Is(err, fault.New(fault.NotFound, "page.unknown")) {
		t.Errorf("below an unknown event: %v", err)
	}
	for limit, want := range map[int]int{1: 1, 10: 2} {
		if n, err := inbox.CountDead(t.Context(), w.DB, limit); n != want || err != nil {
			t.Errorf("%d dead, %v, want %d", n, err, want)
		}
	}
	if about, err := inbox.About(t.Context(), w.DB, "", "ch_1"); err != nil || len(about) != 11 {
		t.Errorf("%d about the charge, %v", len(about), err)
	}
	if about, err := inbox.About(t.Context(), w.DB, "", "ch_2"); err != nil || len(about) != 0 {
		t.Errorf("%d about another, %v", len(about), err)
	}
	if e, err := inbox.Find(t.Context(), w.DB, "evt_03"); err != nil || e.State != inbox.Dead || !e.ReceivedAt.Equal(noon) || e.FoundBy != inbox.Webhook || e.NextTryAt.Sub(noon) > time.Second {
		t.Errorf("%+v, %v", e, err)
	}
}
