package stripesim

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFormNests(t *testing.T) {
	t.Parallel()
	root, err := parseForm("a=1&b[c]=2&b[d][0]=3&b[d][1]=4&e[]=5&e[]=6&a=7&f=%D1%97+%26")
	if err != nil {
		t.Fatal(err)
	}
	p := newParams(root)
	got := []string{p.text("a", 9), p.group("b").text("c", 9), p.text("f", 9)}
	got = append(got, p.group("b").texts("d", 9)...)
	got = append(got, p.texts("e", 9)...)
	if want := []string{"7", "2", "ї &", "3", "4", "5", "6"}; !cmp.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if err := p.finish(); err != nil {
		t.Errorf("all was read, yet: %v", err)
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"a" + strings.Repeat("[b]", mostDepth) + "=1", strings.Repeat("a=1&", mostPairs+1), "a=1&a[b]=2", "a[b]=2&a=1", "[a]=1", "a[b]c=1", "%ff=1", "a=%zz",
	} {
		if _, bad := parseForm(raw); bad == nil || bad.status != 400 {
			t.Errorf("%.40s: %v", raw, bad)
		}
	}
}

// Whatever arrives, the parser answers with a form or with Stripe's 400, and what
// it lets through can be read back and is the same when written again.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "a=1", "a[b]=1&a[c]=2", "a[]=1&a[]=2", "a[0][b]=1", "a=1&a[b]=2", "a[b]=1&a=2", "[a]=1", "a]=1", "a[b=1", "a[b]c=1", "a[[b]]=1",
		"%ff=1", "a=%", "a=%00", "&&&", "a=1;b=2", "a[][]=1", "a[99999999999999999999]=1", "ї=ї", "a[-1]=1", "metadata[0]=x", "a[b][c][d][e][f][g][h][i]=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		root, bad := parseForm(raw)
		if bad != nil {
			if bad.status != 400 || bad.Type != "invalid_request_error" {
				t.Fatalf("refused with %d %s", bad.status, bad.Type)
			}
			return
		}
		again, bad := parseForm(strings.Join(write(root, ""), "&"))
		if bad != nil {
			t.Fatalf("what was read cannot be read again: %v", bad)
		}
		if diff := cmp.Diff(write(root, ""), write(again, "")); diff != "" {
			t.Fatalf("read again it differs:\n%s", diff)
		}
		p := newParams(root)
		for name := range root.kids {
			p.texts(name, 10)
			p.metadata(name)
			p.integer(name)
		}
		_ = p.finish() // must not panic; most such forms are refused
	})
}

func write(n *node, path string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(n.kids)) {
		name := key
		if path != "" {
			name = path + "[" + key + "]"
		}
		if kid := n.kids[key]; kid.kids == nil {
			out = append(out, url.QueryEscape(name)+"="+url.QueryEscape(kid.value))
		} else {
			out = append(out, write(kid, name)...)
		}
	}
	return out
}

var placeholders = regexp.MustCompile(`%.`)

func TestTextsAreTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	uk, en := tongues["uk"].texts, tongues["en"].texts
	if diff := cmp.Diff(slices.Sorted(maps.Keys(uk)), slices.Sorted(maps.Keys(en))); diff != "" {
		t.Errorf("keys (-uk +en):\n%s", diff)
	}
	for key := range uk {
		if diff := cmp.Diff(placeholders.FindAllString(uk[key], -1), placeholders.FindAllString(en[key], -1)); diff != "" {
			t.Errorf("placeholders of %s (-uk +en):\n%s", key, diff)
		}
		if strings.Contains(uk[key], "'") || strings.Contains(en[key], "'") {
			t.Errorf("%s has a typewriter apostrophe", key)
		}
	}
}

// Every text that the code names exists, whichever branch asks for it.
func TestTextsThatTheCodeNames(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, no := range cardVerdicts {
		if no != nil {
			keys = append(keys, "declined."+no.DeclineCode)
		}
	}
	for _, mistake := range []string{
		cardMistake(""), cardMistake("x"), cardMistake("1"), cardMistake("5555555555554444"), accountMistake(""), accountMistake("x"), accountMistake("1"), ibanMistake(""), ibanMistake("x"),
		cvcMistake(""), cvcMistake("1"), nameMistake("", "name_empty"), nameMistake("", "holder_empty"), nameMistake(strings.Repeat("x", 201), ""),
		"expiry_empty", "expiry_shape", "expiry_month", "expiry_past", "expiry_far",
	} {
		keys = append(keys, "error."+mistake)
	}
	for _, what := range []string{"paid", "pending", "waiting", "expired", "void", "missing", "broken", "large", "home"} {
		keys = append(keys, what+".title", what+".text")
	}
	for _, key := range keys {
		if _, ok := tongues["uk"].texts[key]; !ok {
			t.Errorf("no text %s", key)
		}
	}
}

func TestIDsHaveStripesShape(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^cs_test_[0-9A-Za-z]{58}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := newID("cs_test_", 58)
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

// Reordering loses and doubles nothing, and both it and the delays follow the seed.
func TestReorderAndDelayFollowTheSeed(t *testing.T) {
	t.Parallel()
	sent := strings.Fields("a b c d e f g h")
	run := func(f Faults) (order []string, delays []time.Duration) {
		d := newDice(f)
		var all []*parcel
		for _, id := range sent {
			all = append(all, &parcel{delivery: delivery{ID: id}})
			delays = append(delays, d.delay())
		}
		d.shuffle(all)
		for _, p := range all {
			order = append(order, p.ID)
		}
		return order, delays
	}
	faults := Faults{Seed: 11, Reorder: .5, MaxDelay: time.Hour}
	order, delays := run(faults)
	if cmp.Equal(order, sent) || !cmp.Equal(slices.Sorted(slices.Values(order)), sent) {
		t.Errorf("reordered to %v", order)
	}
	if least, most := slices.Min(delays), slices.Max(delays); least < 0 || most >= time.Hour || least == most {
		t.Errorf("delays %v", delays)
	}
	again, delaysAgain := run(faults)
	if !cmp.Equal(order, again) || !cmp.Equal(delays, delaysAgain) {
		t.Errorf("the same seed: %v then %v", order, again)
	}
	if order, delays = run(Faults{}); !cmp.Equal(order, sent) || slices.Max(delays) != 0 {
		t.Errorf("without faults: %v, %v", order, delays)
	}
}

// A step that fails half-way leaves no trace.
func TestFailedStepLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	boom := errors.New("boom")
	keep := customer{ID: "cus_1", Name: "before"}
	if err := s.update(eventCause{}, func(t *tx) error { save(t, &t.customers, keep); return nil }); err != nil {
		t.Fatal(err)
	}
	err = s.update(eventCause{}, func(t *tx) error {
		save(t, &t.customers, customer{ID: "cus_1", Name: "after"})
		save(t, &t.customers, customer{ID: "cus_2"})
		drop(t, &t.customers, "cus_1")
		t.emit("customer.created", keep, nil)
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("update = %v", err)
	}
	if diff := cmp.Diff([]customer{keep}, s.db.customers.all()); diff != "" || len(s.db.events.all()) != 0 {
		t.Errorf("left behind: %d events,\n%s", len(s.db.events.all()), diff)
	}
}
