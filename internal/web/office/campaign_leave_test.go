package office_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/giving"
	"kopiyka/internal/member"
)

// Who joined by mistake is taken out by the coordinator of the cluster that leads; once
// something is pledged through it, the page says why not and what to do.
func TestAClusterIsTakenOutInTheOffice(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := "/office/campaigns/" + d.Slug
	other := d.Jointly()
	with := func(cluster string) url.Values { return url.Values{"cluster": {cluster}} }
	d.coordinator.Get(at).Wants(http.StatusOK).Says(".links", "Take a cluster out")
	page := d.coordinator.Get(at + "/leave").Wants(http.StatusOK)
	if !page.Has("select[name=cluster] [value="+other+"]") || page.Has("select[name=cluster] [value="+d.Cluster+"]") {
		t.Error("not those that joined are offered")
	}
	d.approver.Get(at + "/leave").Wants(http.StatusForbidden)
	d.approver.Post(at+"/leave", with(other)).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Get(at + "/leave").Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Post(at+"/leave", with(other)).Wants(http.StatusNotFound)
	for _, odd := range []string{"", "nonsense", d.Company} {
		d.coordinator.Post(at+"/leave", with(odd)).Wants(http.StatusUnprocessableEntity).Says("#cluster-e", "There is no such cluster")
	}
	d.coordinator.Post(at+"/leave", with(d.Cluster)).Wants(http.StatusUnprocessableEntity).Says("#cluster-e", "leads the campaign")
	for range 2 {
		d.coordinator.Post(at+"/leave", with(other)).LeadsTo(at + "?notice=left")
	}
	if n := d.Acts("campaign.left"); n != 1 {
		t.Errorf("%d acts, want 1", n)
	}
	if d.coordinator.Get(at+"/leave").Wants(http.StatusOK).Says("main", "no other cluster has joined").Has("form[action$=leave]") {
		t.Error("there is nobody to take out, and a form to do it")
	}
	if d.coordinator.Get(at+"?notice=left").Says(".notice", "The cluster is out").Has(".links [href$=leave]") {
		t.Error("nobody is left to be taken out, and the way to it stands there")
	}

	d.coordinator.Post(at+"/join", with(other)).LeadsTo(at + "?notice=joined")
	d.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, d.Company, other, d.Now()) })
	p := d.Promise(1_000)
	p.ThroughID = other
	if _, err := giving.MakePledge(t.Context(), d.DB, d.Now, p); err != nil {
		t.Fatal(err)
	}
	page = d.coordinator.Post(at+"/leave", with(other)).Wants(http.StatusConflict).Says("#cluster-e", "close the campaign")
	if !page.Has("select[name=cluster] [value=" + other + "][selected]") {
		t.Error("what was chosen is not kept")
	}
	if n := d.Acts("campaign.left"); n != 1 {
		t.Errorf("%d acts, want 1", n)
	}
}
