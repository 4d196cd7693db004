package demo

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"kopiyka/internal/member"
	"kopiyka/internal/money"
)

// What the house would refuse, or what the pages promise and nobody would see to be wrong.

func TestTheRecordIsWhatWasPublished(t *testing.T) {
	var sum int64
	for _, d := range donors {
		sum += d.minor
	}
	if len(donors) != 46 || sum != 250_000_00 {
		t.Errorf("%d donors gave %s, want 46 and $250,000.00", len(donors), money.Of(sum, currency))
	}
	joined := map[int]int{}
	for i := range donors {
		since := memberSince(i)
		if since.Before(on("2015-01-01")) || since.After(on("2020-12-31")) {
			t.Errorf("donor %d joined on %s", i, since.Format(time.DateOnly))
		}
		joined[since.Year()]++
	}
	if joined[2020] != 14 {
		t.Errorf("%d joined in 2020, want 14: %v", joined[2020], joined)
	}
}

func TestInventedCompaniesPassTheChecks(t *testing.T) {
	kinds, seen := map[string]bool{}, map[string]bool{}
	for _, f := range firms {
		if !member.ValidEDRPOU(f.edrpou) || seen[f.edrpou] {
			t.Errorf("%s: %s is no code of its own", f.slug, f.edrpou)
		}
		seen[f.edrpou] = true
		for _, m := range f.memberships {
			kinds[m.kind] = true
		}
	}
	for _, kind := range member.Kinds {
		if !kinds[kind] {
			t.Errorf("no company is a %s", kind)
		}
	}
	for _, a := range associations {
		if !member.ValidIBAN(a.iban) {
			t.Errorf("%s: %s is no IBAN", a.Slug, a.iban)
		}
	}
}

// A gift to a joint campaign goes through a cluster of the campaign's, of which its company
// is a member; one that could go several ways says which.
func TestGiftsHaveAWay(t *testing.T) {
	of := map[string][]string{}
	for _, d := range donors {
		of[d.slug] = []string{clusterSlug}
		for _, m := range more[d.slug] {
			of[d.slug] = append(of[d.slug], m.cluster)
		}
	}
	for _, f := range firms {
		for _, m := range f.memberships {
			if m.until == "" {
				of[f.slug] = append(of[f.slug], m.cluster)
			}
		}
	}
	through, counts := map[string]bool{}, map[string]bool{}
	for _, g := range gifts {
		var ways []string
		for _, c := range collections {
			for _, k := range of[g.company] {
				if c.Slug == g.campaign && (k == c.cluster || slices.Contains(c.joined, k)) {
					ways = append(ways, k)
				}
			}
		}
		switch {
		case g.through == "" && len(ways) == 1:
			g.through = ways[0]
		case g.through == "" || !slices.Contains(ways, g.through):
			t.Errorf("%s gives to %s through %q of %v", g.company, g.campaign, g.through, ways)
		}
		if g.campaign == busesSlug {
			through[g.through] = true
		}
		key := g.campaign + " " + g.company + " " + money.Of(g.minor, hryvnia).Plain()
		if counts[key] {
			t.Errorf("twice: %s", key)
		}
		counts[key] = true
	}
	if len(through) != 4 {
		t.Errorf("the joint campaign gets gifts through %v, want all four", through)
	}
}

// Logos pass the gate that every picture passes, and no two are the same.
func TestLogosAreDrawn(t *testing.T) {
	seen := map[string]string{}
	check := func(slug string, draw func(string) ([]byte, error)) {
		t.Helper()
		png, err := draw(slug)
		if err == nil {
			png, err = member.DrawLogo(t.Context(), bytes.NewReader(png))
		}
		if err != nil || seen[string(png)] != "" {
			t.Errorf("%s: like %q, %v", slug, seen[string(png)], err)
		}
		seen[string(png)] = slug
	}
	check(clusterSlug, emblem)
	for _, a := range associations {
		check(a.Slug, emblem)
	}
	for _, p := range portraits {
		check(p.slug, pattern)
	}
}
