// Package archtest holds the import rules of docs/architecture.md: a room may import the
// rooms below it, and nothing imports upwards. It reads `go list`, so what it judges is
// what compiles.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors are the rooms of the house from the ground up. A room imports only rooms of
// floors below its own.
var floors = [][]string{
	{"migrations", "templates", "internal/fault", "internal/clock", "internal/config", "internal/outward"},
	{"internal/money", "internal/text", "internal/serve"},
	{"internal/pg", "internal/i18n", "internal/stripesim"},
	{"internal/pg/embedded", "internal/ledger", "internal/jobs", "internal/audit", "internal/report", "internal/mail"},
	{"internal/member", "internal/inbox", "internal/watch"},
	{"internal/campaign", "internal/exchange"},
	{"internal/giving", "internal/spending"},
	{"internal/gateway", "internal/bank"},
	{"internal/document"},
	{"internal/web/page"},
	{"internal/web/invited", "internal/web/life", "internal/web/roster", "internal/web/trail"},
	{"internal/web/site", "internal/web/portal", "internal/web/office", "internal/web/join", "internal/web/signin", "internal/web/api", "internal/web/hook"},
	{"internal/web"},
	{"internal/seed", "internal/demo"},
	{"cmd/kopiyka"},
}

// narrow rooms may import less than their floor allows.
var narrow = map[string][]string{
	// A public door cannot write, and its imports show it.
	"internal/web/site":  {"internal/web/page", "internal/report", "internal/i18n", "internal/money", "internal/fault", "internal/clock"},
	"internal/web/api":   {"internal/web/page", "internal/report", "internal/i18n", "internal/money", "internal/fault", "internal/clock"},
	"internal/web/page":  {"templates", "internal/i18n", "internal/money", "internal/fault", "internal/clock"},
	"internal/report":    {"internal/pg", "internal/i18n", "internal/money", "internal/fault", "internal/clock"},
	"internal/stripesim": {},
	"internal/ledger":    {"internal/pg", "internal/money"},
	"internal/mail":      {"templates", "internal/pg", "internal/i18n", "internal/money", "internal/clock", "internal/fault"},
	"internal/seed":      {"internal/member", "internal/campaign", "internal/clock", "internal/exchange", "internal/money", "internal/fault"},
}

// only says which rooms may import a package of others.
var only = map[string][]string{
	"github.com/stripe/stripe-go":   {"internal/gateway"},
	"github.com/stripe/stripe-mock": {"internal/stripesim/spec"}, // which tests alone import
	"github.com/labstack/echo":      {"internal/web"},
	"github.com/riverqueue/river":   {"internal/jobs", "internal/pg"},
	"github.com/lib/pq":             {"internal/audit", "internal/bank", "internal/pg", "internal/ledger", "internal/campaign", "internal/jobs", "internal/report", "internal/spending", "internal/giving", "internal/inbox"},
	"codeberg.org/go-pdf/fpdf":      {"internal/document"},
	"golang.org/x/crypto/acme":      {"internal/serve"},
	"rsc.io/qr":                     {"internal/document", "internal/web/signin"},
	"github.com/pquerna/otp":        {"internal/member"},
	"github.com/go-webauthn":        {"internal/member"},
	"github.com/coreos/go-oidc":     {"internal/web/signin"},
	"html/template":                 {"internal/web/page", "internal/web/site", "internal/stripesim", "internal/mail"},
	"github.com/wneessen/go-mail":   {"internal/mail"},
	"github.com/emersion/go-smtp":   {"internal/mail/catcher"}, // which the demonstration alone starts
}

// forTests are rooms that nothing but tests may import.
var forTests = []string{"internal/pg/pgtest", "internal/stripesim/spec", "internal/gateway/gatewaytest", "internal/report/reporttest", "internal/archtest"}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, "kopiyka/")
		if slices.Contains(forTests, room) {
			continue
		}
		floor := floorOf(room)
		if floor < 0 {
			t.Errorf("%s stands on no floor: give it one in this file and in docs/architecture.md", room)
			continue
		}
		for _, imported := range p.Imports {
			if other, ours := strings.CutPrefix(imported, "kopiyka/"); ours {
				checkArrow(t, room, floor, other)
				continue
			}
			checkOther(t, room, imported)
		}
	}
}

func checkArrow(t *testing.T, room string, floor int, other string) {
	t.Helper()
	if slices.Contains(forTests, other) {
		t.Errorf("%s imports %s, which is for tests alone", room, other)
		return
	}
	if strings.HasPrefix(other, room+"/") || strings.HasPrefix(room, other+"/") && floorOf(other) == floor {
		return // a room and its own corner
	}
	if below := floorOf(other); below >= floor {
		t.Errorf("%s (floor %d) imports %s (floor %d): arrows point down", room, floor, other, below)
	}
	if allowed, isNarrow := narrow[room]; isNarrow && !slices.Contains(allowed, other) {
		t.Errorf("%s may import only %v, and imports %s", room, allowed, other)
	}
}

func checkOther(t *testing.T, room, imported string) {
	t.Helper()
	for path, rooms := range only {
		if imported != path && !strings.HasPrefix(imported, path+"/") {
			continue
		}
		if !slices.ContainsFunc(rooms, func(r string) bool { return room == r || strings.HasPrefix(room, r+"/") }) {
			t.Errorf("%s imports %s, which is for %v alone", room, imported, rooms)
		}
	}
}

// floorOf is the index of a room's floor, that of the room it is a corner of, or -1.
func floorOf(room string) int {
	best, found := -1, 0
	for i, rooms := range floors {
		for _, r := range rooms {
			if (room == r || strings.HasPrefix(room, r+"/")) && len(r) > found {
				best, found = i, len(r)
			}
		}
	}
	return best
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(out); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(all) < len(floors) {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	return all
}

// The rules must be able to fail.
func TestRulesNameWhatBreaksThem(t *testing.T) {
	for _, broken := range []struct{ room, imports string }{
		{"internal/giving", "kopiyka/internal/spending"},
		{"internal/ledger", "kopiyka/internal/member"},
		{"internal/web/site", "kopiyka/internal/giving"},
		{"internal/web/portal", "kopiyka/internal/web/office"},
		{"internal/giving", "github.com/stripe/stripe-go/v76"},
		{"internal/giving", "github.com/labstack/echo/v4"},
		{"cmd/kopiyka", "kopiyka/internal/pg/pgtest"},
	} {
		probe := &testing.T{}
		if other, ours := strings.CutPrefix(broken.imports, "kopiyka/"); ours {
			checkArrow(probe, broken.room, floorOf(broken.room), other)
		} else {
			checkOther(probe, broken.room, broken.imports)
		}
		if !probe.Failed() {
			t.Errorf("nothing was said of %s importing %s", broken.room, broken.imports)
		}
	}
}

// What serves people's money holds neither the demonstration nor the sandbox.
func TestProductionHoldsNoSandbox(t *testing.T) {
	t.Parallel()
	deps := func(tags string) string {
		cmd := exec.Command("go", "list", "-deps", "-tags", tags, "./cmd/kopiyka")
		cmd.Dir = "../.."
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return "\n" + string(out)
	}
	with, without := deps(""), deps("production")
	for _, room := range []string{"internal/demo", "internal/stripesim", "internal/mail/catcher"} {
		if !strings.Contains(with, "\nkopiyka/"+room+"\n") {
			t.Errorf("%s is in no build: the question is empty", room)
		}
		if strings.Contains(without, "\nkopiyka/"+room) {
			t.Errorf("the production build holds %s", room)
		}
	}
	if file, err := os.ReadFile("../../Dockerfile"); err != nil || !strings.Contains(string(file), "go build -tags production ") {
		t.Errorf("the image is built without the tag, %v", err)
	}
}
