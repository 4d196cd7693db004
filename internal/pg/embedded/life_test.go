package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestClusterKeepsItsRowsBetweenStarts(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		first := p.start(t, p.task())
		if !first.Owner {
			t.Error("the first process does not own the cluster")
		}
		addRow(t, first.DSN)
		first.stop()
		clean(t, first.State)

		second := p.start(t, p.task())
		defer second.stop()
		if got := addRow(t, second.DSN); got != "2" {
			t.Errorf("rows = %s, want 2", got)
		}
		if first.DSN != second.DSN {
			t.Errorf("the address changed from %s to %s", first.DSN, second.DSN)
		}
	})
}

func TestServerIsPrivate(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		defer h.stop()
		if got := query(t, h.DSN, `SHOW listen_addresses`); got != "" {
			t.Errorf("the server listens on %q, want the socket alone", got)
		}
		st, err := os.Stat(fmt.Sprintf("/proc/%d", postmasterPid(t, h.State)))
		if err != nil {
			t.Fatal(err)
		}
		if got := ownerOf(st); got != p.uid() || got == 0 {
			t.Errorf("the server runs as user %d, want %d", got, p.uid())
		}
		wrong := strings.Replace(h.DSN, "kopiyka:", "kopiyka:X", 1)
		if _, err := ask(t, wrong, `SELECT 1`); err == nil {
			t.Error("the server takes any password")
		}
		for _, secret := range []string{"password", "owner.lock", "postgres.log", "cluster", "sock"} {
			st, err := os.Stat(filepath.Join(h.State, secret))
			if err != nil {
				t.Fatal(err)
			}
			if st.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is open to others: %v", secret, st.Mode())
			}
		}
	})
}

func TestServerSortsAndFoldsUkrainian(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		defer h.stop()
		if got := query(t, h.DSN, `SELECT lower('ҐАНОК') || ('ґ' < 'д' COLLATE "uk-x-icu")::text`); got != "ґанокtrue" {
			t.Errorf("got %s, want ґанокtrue", got)
		}
		if got := query(t, h.DSN, `SHOW timezone`); got != "UTC" {
			t.Errorf("timezone = %s, want UTC", got)
		}
	})
}

func TestDurableClusterSyncsAndAFastOneDoesNot(t *testing.T) {
	t.Parallel()
	p := solo(t)
	for fsync, durable := range map[string]bool{"on": true, "off": false} {
		todo := p.task()
		todo.Options.Durable = durable
		todo.Options.State += fsync
		todo.Options.Settings = map[string]string{"max_connections": "33"}
		h := p.start(t, todo)
		if got := query(t, h.DSN, `SELECT current_setting('fsync') || current_setting('max_connections')`); got != fsync+"33" {
			t.Errorf("durable %v: fsync and connections = %s, want %s33", durable, got, fsync)
		}
		h.stop()
	}
}

func TestStopCutsConnections(t *testing.T) {
	t.Parallel()
	p := solo(t)
	s, err := Start(t.Context(), p.options())
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT 1`); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	select {
	case <-s.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if err := s.Stop(); err != nil {
		t.Errorf("a second stop: %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a transaction outlived the server")
	}
	clean(t, s.State())
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	p := solo(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Start(ctx, p.options()); err == nil {
		_ = s.Stop()
		t.Fatal("a cancelled start succeeded")
	}
	clean(t, p.options().State)
	s, err := Start(t.Context(), p.options()) // which needs the lock back
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestSecondProcessIsAClient(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		owner := p.start(t, p.task())
		defer owner.stop()
		addRow(t, owner.DSN)

		client := p.start(t, p.task())
		if client.Owner {
			t.Error("two processes own the cluster")
		}
		if client.Source != owner.Source {
			t.Errorf("the client's source is %q, the owner's %q", client.Source, owner.Source)
		}
		if got := rows(t, client.DSN); got != "1" {
			t.Errorf("the client sees %s rows, want 1", got)
		}
		client.stop()
		if got := rows(t, owner.DSN); got != "1" {
			t.Errorf("after the client's end the owner sees %s rows, want 1", got)
		}
	})
}

// The first start of all takes longest, so here is where processes race: one
// makes the cluster, and the others must wait for it.
func TestManyStartsMakeOneCluster(t *testing.T) {
	t.Parallel()
	p := solo(t)
	todo := p.task()
	todo.Options.ReadyMade = ""
	var helpers []*helper
	for range 4 {
		helpers = append(helpers, p.begin(t, todo))
	}
	owners := 0
	for _, h := range helpers {
		h.hear()
		if h.Err != "" {
			t.Fatal(h.Err)
		}
		if h.Owner {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("%d processes own the cluster, want 1", owners)
	}
	for _, h := range helpers {
		if !h.Owner {
			h.stop()
		}
	}
}

func TestInterruptInATerminalReachesUsAlone(t *testing.T) {
	t.Parallel()
	p := solo(t)
	h := p.start(t, p.task())
	defer h.stop()
	group, err := syscall.Getpgid(postmasterPid(t, h.State))
	if err != nil {
		t.Fatal(err)
	}
	if group == h.cmd.Process.Pid {
		t.Error("the server is in our process group: Ctrl-C would stop it before us")
	}
}
