package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/member"
)

// joins makes one of the companies a member of a cluster.
func (r *room) joins(t *testing.T, company, cluster string) {
	t.Helper()
	r.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, company, cluster, r.Now()) })
}

// A company that is a member of one of the campaign's clusters is asked nothing.
func TestTheOnlyClusterIsNotAskedFor(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Jointly()
	if r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK).Has("#through") {
		t.Error("it is asked through which cluster it gives")
	}
	path := r.payer.Post("/portal/pledges", r.promised()).Wants(http.StatusSeeOther).Location()
	r.payer.Get(path).Says("main .pairs", "Given through").Says("main .pairs", "Kharkiv IT Cluster")
}

// What one cluster collects for alone says nothing of clusters.
func TestAPledgeToOneClusterDoesNotNameIt(t *testing.T) {
	t.Parallel()
	r := open(t)
	path := r.payer.Post("/portal/pledges", r.promised()).Wants(http.StatusSeeOther).Location()
	if page := r.payer.Get(path).Wants(http.StatusOK).Text("main .pairs"); page == "" || strings.Contains(page, "Given through") {
		t.Errorf("the pledge says %q", page)
	}
}

// A company of several is asked, whatever it gives is kept, and what it chose stands at its
// pledge; also when it pays in parts, which takes a page more.
func TestACompanyOfSeveralClustersChoosesOne(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := r.Jointly()
	r.joins(t, r.Company, other)
	page := r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK)
	if !page.Has("select[name=through] [value="+other+"]") || !page.Has("select[name=through] [value="+r.Cluster+"]") {
		t.Error("the clusters are not offered")
	}
	r.refused(t, r.promised(), "through", "Choose through which cluster")
	r.refused(t, r.promised("through", r.Company), "through", "cannot give through this cluster")
	r.refused(t, r.promised("when", "monthly", "number", "3"), "through", "Choose through which cluster") // and not after the plan

	path := r.payer.Post("/portal/pledges", r.promised("through", other)).Wants(http.StatusSeeOther).Location()
	r.payer.Get(path).Says("main .pairs", "Lviv IT Cluster")

	plan := r.payer.Post("/portal/pledges", r.promised("through", other, "when", "monthly", "number", "3")).Wants(http.StatusOK)
	form := plan.Form("main form")
	form.Set("step", "promise")
	r.payer.Post("/portal/pledges", form).Wants(http.StatusSeeOther)
	if n := r.Count("pledges WHERE through_id = $1", other); n != 2 {
		t.Errorf("%d pledges through it", n)
	}
}

// Whoever pays for a company of both and for a company of one may leave the choice open for
// the second, and cannot give through a cluster that is not its own.
func TestTheChoiceIsTheCompanys(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := r.Jointly()
	second := r.twoCompanies(t)
	r.joins(t, r.Company, other)
	if !r.payer.Get("/portal/pledges/new?campaign=" + r.Slug).Wants(http.StatusOK).Has("select[name=through]") {
		t.Error("the clusters are not offered")
	}
	r.refused(t, r.promised("company", second, "through", other), "through", "cannot give through this cluster")
	r.payer.Post("/portal/pledges", r.promised("company", second)).Wants(http.StatusSeeOther)
	if n := r.Count("pledges WHERE company_id = $1 AND through_id = $2", second, r.Cluster); n != 1 {
		t.Errorf("%d pledges of the second company", n)
	}
}

// A member of a cluster that joined finds the campaign among those that it may choose.
func TestWhatAClusterJoinedIsOffered(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := r.Jointly()
	var theirs string
	if err := r.Owner.Get(&theirs, `SELECT id FROM companies WHERE slug = 'stranger'`); err != nil {
		t.Fatal(err)
	}
	r.joins(t, theirs, other)
	stranger := r.house.As(r.Stranger)
	stranger.Get("/portal/pledges/new").LeadsTo("/portal/pledges/new?campaign=" + r.Slug)
	path := stranger.Post("/portal/pledges", r.promised("company", theirs)).Wants(http.StatusSeeOther).Location()
	stranger.Get(path).Says("main .pairs", "Lviv IT Cluster")
}
