package jobs

import (
	"context"
	"strings"
	"testing"

	"github.com/riverqueue/river/riverdriver"

	"kopiyka/internal/pg/pgtest"
)

func TestListenerHearsItsTopicsAlone(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	l := (&listening{dsn: pgtest.DSN(t)}).GetListener(&riverdriver.GetListenenerParams{Schema: "jobs"})
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // River repeats itself when it connects anew
		if err := l.Listen(t.Context(), "insert"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Listen(t.Context(), "control"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Unlisten(t.Context(), "control"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for _, note := range [][2]string{{"insert", "no schema"}, {"jobs.control", "not listened to any more"}, {"jobs.insert", "heard"}} {
		if _, err := owner.Exec(`SELECT pg_notify($1, $2)`, note[0], note[1]); err != nil {
			t.Fatal(err)
		}
	}
	n, err := l.WaitForNotification(t.Context())
	if err != nil || n.Topic != "insert" || n.Payload != "heard" {
		t.Errorf("heard %+v, %v", n, err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	if _, err := l.WaitForNotification(ctx); err == nil {
		t.Error("waited for nobody")
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// River reconnects when it hears of the loss: silence would look like an idle queue.
func TestListenerTellsThatItsConnectionIsLost(t *testing.T) {
	t.Parallel()
	_, owner := pgtest.Both(t)
	l := (&listening{dsn: pgtest.DSN(t)}).GetListener(&riverdriver.GetListenenerParams{Schema: "jobs"})
	for range 2 { // and may be connected again
		if err := l.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(t.Context(), "insert"); err != nil {
			t.Fatal(err)
		}
		if _, err := owner.Exec(`SELECT pg_terminate_backend(pid) FROM ` + listeners); err != nil {
			t.Fatal(err)
		}
		if n, err := l.WaitForNotification(t.Context()); err == nil || !strings.Contains(err.Error(), "lost") {
			t.Errorf("heard %+v, %v", n, err)
		}
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A wrong address is said at once, and nothing goes on trying behind the caller's back.
func TestListenerSaysThatItCannotConnect(t *testing.T) {
	t.Parallel()
	l := &listener{dsn: "postgres://nobody@127.0.0.1:1/none?sslmode=disable", schema: "jobs"}
	for range 2 {
		if err := l.Connect(t.Context()); err == nil {
			t.Fatal("connected to nothing")
		}
		if l.conn != nil {
			t.Error("it goes on trying")
		}
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
