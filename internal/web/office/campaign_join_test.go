package office_test

import (
	"net/http"
	"net/url"
	"testing"

	"kopiyka/internal/member"
)

// The coordinator of the cluster that leads lets another join, which the campaign says from
// then on. Nobody else does, and a cluster joins once.
func TestAClusterJoinsInTheOffice(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	at := "/office/campaigns/" + d.Slug
	other, err := member.ClusterBySlug(t.Context(), d.DB, "lviv-it")
	if err != nil {
		t.Fatal(err)
	}
	with := func(cluster string) url.Values { return url.Values{"cluster": {cluster}} }
	page := d.coordinator.Get(at + "/join").Wants(http.StatusOK)
	if !page.Has("select[name=cluster] [value="+other.ID+"]") || page.Has("select[name=cluster] [value="+d.Cluster+"]") {
		t.Error("not those that could join are offered")
	}
	d.approver.Get(at + "/join").Wants(http.StatusForbidden)
	d.approver.Post(at+"/join", with(other.ID)).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Post(at+"/join", with(other.ID)).Wants(http.StatusNotFound)
	for _, odd := range []string{"", "nonsense", d.Company} {
		d.coordinator.Post(at+"/join", with(odd)).Wants(http.StatusUnprocessableEntity).Says("#cluster-e", "There is no such cluster")
	}
	for range 2 {
		d.coordinator.Post(at+"/join", with(other.ID)).LeadsTo(at + "?notice=joined")
	}
	if n := d.Acts("campaign.joined"); n != 1 {
		t.Errorf("%d acts, want 1", n)
	}
	d.coordinator.Get(at+"?notice=joined").Says(".notice", "The cluster has joined").Says(".pairs", "Kharkiv IT Cluster, Lviv IT Cluster")
	if d.coordinator.Get(at + "/join").Wants(http.StatusOK).Has("select[name=cluster] [value=" + other.ID + "]") {
		t.Error("who joined is offered again")
	}
}
