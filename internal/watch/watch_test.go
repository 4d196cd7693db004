package watch

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/outward"
)

// seen is a world whose process has a clock that is off by so much.
type seen struct {
	*gatewaytest.World
	clocks *Clocks
	off    time.Duration
	said   bytes.Buffer
}

func newSeen(t *testing.T) *seen {
	t.Helper()
	s := &seen{World: gatewaytest.NewWorld(t, clock.System, "USD")}
	s.clocks = &Clocks{DB: s.DB, Now: func() time.Time { return clock.System().Add(s.off) }, Log: slog.New(slog.NewTextHandler(&s.said, nil))}
	return s
}

func (s *seen) look(t *testing.T, off time.Duration) {
	t.Helper()
	s.off = off
	if err := s.clocks.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *seen) errors() int { return strings.Count(s.said.String(), "level=ERROR") }

// A clock that is wrong is told once in the log and once on every desk, until it was right.
func TestAClockThatIsApartIsTold(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSeen(t)
			s.look(t, 0)
			s.look(t, 4*time.Second)
			s.look(t, -4*time.Second)
			if s.errors() != 0 || s.Acts("clock.apart") != 0 {
				t.Fatalf("a clock that is right was told of: %s", s.said.String())
			}
			s.look(t, off)
			s.look(t, off)
			clusters := s.Count("clusters")
			if s.errors() != 1 || s.Acts("clock.apart") != clusters || clusters < 2 {
				t.Errorf("it was told %d times, and on %d desks of %d: %s", s.errors(), s.Acts("clock.apart"), clusters, s.said.String())
			}
			alarms, err := audit.Alarms(t.Context(), s.DB, s.Coordinator, true, "", 0, 10)
			if err != nil || len(alarms) != 1 || alarms[0].Subject != "cluster:"+s.Cluster || time.Since(alarms[0].At).Abs() > 30*time.Second ||
				!strings.Contains(string(alarms[0].Detail), `"beside": "database"`) || strings.Contains(string(alarms[0].Detail), "-") != (off < 0) {
				t.Errorf("on the desk: %+v, %v", alarms, err)
			}
			s.look(t, 0)
			if !strings.Contains(s.said.String(), "right again") {
				t.Errorf("nobody hears that it is right again: %s", s.said.String())
			}
			s.look(t, off)
			if s.errors() != 2 || s.Acts("clock.apart") != clusters {
				t.Errorf("wrong again, and told %d times, on %d desks", s.errors(), s.Acts("clock.apart"))
			}
			if err := audit.Answer(t.Context(), s.DB, clock.System, alarms[0].ID, s.Coordinator, "NTP was off."); err != nil {
				t.Fatal(err)
			}
			s.look(t, 0)
			s.look(t, off)
			if s.Acts("clock.apart") != clusters+1 {
				t.Errorf("after an answer it is on %d desks", s.Acts("clock.apart"))
			}
		})
	}
}

// Several processes with one wrong clock raise one alarm.
func TestOneAlarmIsEnough(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	for _, err := range gatewaytest.Together(6, func(int) error {
		c := &Clocks{DB: s.DB, Now: func() time.Time { return clock.System().Add(time.Hour) }, Log: slog.New(slog.DiscardHandler)}
		return c.Look(t.Context())
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if got, want := s.Acts("clock.apart"), s.Count("clusters"); got != want {
		t.Errorf("%d alarms, want %d", got, want)
	}
}

// Also who else has been asked something has a clock.
func TestOthersClocksCountToo(t *testing.T) {
	t.Parallel()
	s := newSeen(t)
	var told outward.Told // nothing yet
	s.clocks.Others = []Other{{Name: "Stripe", Told: func() outward.Told { return told }}}
	s.look(t, 0)
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	told = outward.Told{Asked: noon, Heard: noon.Add(time.Second), Said: noon.Add(-Most - time.Second)} // in whole seconds: it may have been five
	s.look(t, 0)
	if s.errors() != 0 {
		t.Errorf("a clock that is right was told of: %s", s.said.String())
	}
	told.Said = told.Said.Add(-time.Second)
	s.look(t, 0)
	if s.errors() != 1 || !strings.Contains(s.said.String(), "beside=Stripe ahead_by=6s") || s.Count("alarms WHERE open") != s.Count("clusters") {
		t.Errorf("the log has %s", s.said.String())
	}
}

// What took long to come says little, and is not blamed on a clock.
func TestOnlyWhatIsCertainIsSaid(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		asked, heard, early, late int
		want                      time.Duration
	}{
		{0, 0, 0, 0, 0}, {0, 60, 30, 30, 0}, {0, 60, 0, 1, 0}, {0, 60, 60, 61, 0}, {0, 10, 17, 18, 7 * time.Second}, {10, 20, 2, 3, -7 * time.Second}, {10, 20, 9, 10, 0},
	} {
		if got := certain(at(c.asked), at(c.heard), at(c.early), at(c.late)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
