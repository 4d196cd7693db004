package site_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"kopiyka/internal/pg/pgtest"
	"kopiyka/internal/report/reporttest"
)

// bridge is a campaign that the world's cluster leads and two others joined, with a gift
// through each and two that nobody shall be able to tell.
func bridge(t *testing.T) (*reporttest.World, reporttest.Campaign, uuid.UUID) {
	t.Helper()
	w := reporttest.New(t, pgtest.DB(t))
	c := w.Campaign("bridge", func(c *reporttest.Campaign) { c.Goal = 10_000_000 })
	mariupol, luhansk := w.Cluster("mariupol-it", "Маріупольський ІТ-кластер", "Mariupol IT Cluster"), w.Cluster("luhansk-it", "Луганський ІТ-кластер", "Luhansk IT Cluster")
	w.Joint(c, mariupol, luhansk)
	ganok, yasen := w.Company("ganok", "Ґанок", "Ganok"), w.Company("yasen", "Ясен", "Yasen")
	w.Pays(w.Through(c, c.Cluster, ganok, 300_000, "named"), 200_000, 1_000)
	w.Refund(w.Pays(w.Through(c, mariupol, yasen, 150_000, "named"), 150_000, 1_000), 50_000)
	w.Pays(w.Through(c, luhansk, w.Company("tysha", "Таємна Тиша", "Silent Secret"), 7_771_322, "amount-hidden"), 7_771_322, 100)
	w.Pays(w.Through(c, mariupol, w.Company("moroz", "Мороз", "Frost"), 3_331_187, "anonymous"), 3_331_187, 100)
	return w, c, mariupol
}

func rows(e element, selector string) []string { return texts(e.all(selector + " tr")) }

// The page of a joint campaign says who gave through whom, and its rows come to its total.
func TestJointCampaignShowsItsShares(t *testing.T) {
	t.Parallel()
	w, _, _ := bridge(t)
	d := open(t, w)
	for lang, want := range map[string][]string{
		"uk": {
			"Через кого Обіцяно Отримано Повернуто",
			"Харківський ІТ-кластерведе кампанію 3 000,00 $ 2 000,00 $ 0,00 $",
			"Луганський ІТ-кластер 0,00 $ 0,00 $ 0,00 $",
			"Маріупольський ІТ-кластер 1 500,00 $ 1 500,00 $ 500,00 $",
			"Внески без назви або сумичерез який кластер їх дано, не публікуємо 111 025,09 $ 111 025,09 $ 0,00 $",
			"Уся кампанія 115 525,09 $ 114 525,09 $ 500,00 $",
		},
		"en": {
			"Through whom Pledged Received Refunded",
			"Kharkiv IT Clusterleads the campaign $3,000.00 $2,000.00 $0.00",
			"Luhansk IT Cluster $0.00 $0.00 $0.00",
			"Mariupol IT Cluster $1,500.00 $1,500.00 $500.00",
			"Gifts without a name or an amountwe do not publish which cluster they came through $111,025.09 $111,025.09 $0.00",
			"The whole campaign $115,525.09 $114,525.09 $500.00",
		},
	} {
		p := d.page("/" + lang + "/campaigns/bridge")
		got := rows(p, "section[aria-labelledby=shares]")
		for i := range got {
			got[i] = spaced(got[i])
		}
		for i := range want {
			want[i] = spaced(want[i])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: shares (-want +got):\n%s", lang, diff)
		}
		if got := texts(p.all(".kicker a")); len(got) != 3 {
			t.Errorf("%s: the kicker leads to %v", lang, got)
		}
	}
}

// spaced leaves out the spaces, which a page's markup puts where no reader sees them.
func spaced(s string) string { return strings.ReplaceAll(flat(s), " ", "") }

// One cluster's campaign has no shares to show.
func TestCampaignOfOneClusterShowsNoShares(t *testing.T) {
	t.Parallel()
	w, _ := busy(t)
	p := open(t, w).page("/uk/campaigns/it4life")
	if n := len(p.all("#shares")); n != 0 {
		t.Errorf("%d sections of shares", n)
	}
}

// A cluster's page tells of its own share alone, in what it leads and in what it joined, and
// the first page counts a joint campaign once.
func TestClusterShowsItsOwnShare(t *testing.T) {
	t.Parallel()
	w, _, mariupol := bridge(t)
	own := w.Campaign("own", func(c *reporttest.Campaign) { c.Cluster, c.Currency = mariupol, "UAH" }) // opened on the same day, and stands behind
	w.Pays(w.Pledge(own, w.Company("lypa", "Липа", "Lypa"), 90_000, "anonymous"), 90_000, 0)
	d := open(t, w)

	p := d.page("/uk/clusters/mariupol-it")
	if diff := cmp.Diff([]string{"Кампанія own"}, texts(p.all(".card h3"))); diff != "" {
		t.Errorf("campaigns that it leads (-want +got):\n%s", diff)
	}
	var got []string
	for _, row := range rows(p, "section[aria-labelledby=joined]")[1:] {
		got = append(got, spaced(row))
	}
	if diff := cmp.Diff([]string{spaced("Кампанія bridge веде Харківський ІТ-кластер відкрита до 25 вересня 2026 1 500,00 $ 1 500,00 $")}, got); diff != "" {
		t.Errorf("campaigns that it joined (-want +got):\n%s", diff)
	}
	want := []string{"1 500 $отримано через цей кластерз них повернуто 500,00 $", "1 500 $обіцяно через нього, сплачене теж",
		"900 ₴отримано через цей кластер", "900 ₴обіцяно через нього, сплачене теж"}
	if diff := cmp.Diff(want, texts(p.all(".stat"))); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}

	p = d.page("/en/clusters/kharkiv-it")
	if got := p.one(t, ".card .quiet").text(); got != "A joint campaign: Kharkiv IT Cluster, Luhansk IT Cluster, Mariupol IT Cluster. Through this cluster: $2,000.00 received, $3,000.00 pledged." {
		t.Errorf("the card of the campaign that it leads says %q", got)
	}
	if n := len(p.all("#joined")); n != 0 {
		t.Error("it joined none")
	}
	if got := texts(d.page("/uk/").all(".stat"))[0]; got != "114 525 $отриманоточно 114 525,09 $з них повернуто 500,00 $" {
		t.Errorf("the first page says %q", got)
	}
}

// Nothing that is withheld can be read from a share, on any page that tells of one.
func TestSharesTellNothingWithheld(t *testing.T) {
	t.Parallel()
	w, _, _ := bridge(t)
	var secrets []string
	for _, minor := range []int64{7_771_322, 3_331_187, 150_000 + 3_331_187, 200_000 + 7_771_322} {
		secrets = append(secrets, written(minor)...)
	}
	for _, path := range []string{
		"/uk/", "/uk/campaigns/bridge", "/en/campaigns/bridge", "/uk/clusters/mariupol-it", "/en/clusters/luhansk-it", "/uk/clusters/kharkiv-it", "/api/v1/campaigns/bridge", "/api/v1/campaigns",
	} {
		body := answer(t, w, path)
		for _, s := range append(secrets, "Мороз", "Frost", "moroz") {
			if strings.Contains(body, s) {
				t.Errorf("%s tells %q", path, s)
			}
		}
	}
}
