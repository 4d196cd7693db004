package office_test

import (
	"net/http"
	"net/url"
	"testing"

	"kopiyka/internal/campaign"
)

// A coordinator is asked first, and then the draft is gone: its pages are there for nobody,
// and its address for the next. What everybody has seen stays, and the page says so.
func TestADraftIsThrownAwayInTheOffice(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.AddCampaign("bridges", campaign.Draft)
	const at = "/office/campaigns/bridges"
	version := url.Values{"version": {"1"}}
	d.coordinator.Get(at).Wants(http.StatusOK).Says(".links", "Throw the draft away")
	d.coordinator.Get(at+"/discard").Wants(http.StatusOK).Says("main", "/campaigns/bridges").Says(".form button", "Throw the draft away")
	d.approver.Get(at + "/discard").Wants(http.StatusForbidden)
	d.approver.Post(at+"/discard", version).Wants(http.StatusForbidden)
	d.house.As(d.Stranger).Get(at + "/discard").Wants(http.StatusNotFound)
	d.house.As(d.Stranger).Post(at+"/discard", version).Wants(http.StatusNotFound)
	d.coordinator.Post(at+"/discard", url.Values{}).Wants(http.StatusConflict).Says("main", "has changed").Says(".form button", "Throw the draft away")
	d.coordinator.Post(at+"/discard", version).LeadsTo("/office?notice=discarded")
	d.coordinator.Get("/office?notice=discarded").Says(".notice", "The draft is gone")
	for _, gone := range []string{at, at + "/discard", at + "/texts"} {
		d.coordinator.Get(gone).Wants(http.StatusNotFound)
	}
	d.coordinator.Post(at+"/discard", version).Wants(http.StatusNotFound)
	if n := d.Acts("campaign.discarded"); n != 1 {
		t.Errorf("%d acts, want 1", n)
	}
	opened := "/office/campaigns/" + d.Slug
	if d.coordinator.Get(opened).Wants(http.StatusOK).Has(".links [href$=discard]") {
		t.Error("an open campaign offers to be thrown away")
	}
	d.coordinator.Get(opened+"/discard").Wants(http.StatusConflict).Says("main", "Only a draft can be thrown away")
	d.coordinator.Post(opened+"/discard", version).Wants(http.StatusConflict).Says("main", "Only a draft can be thrown away")
	d.approver.Post(opened+"/discard", version).Wants(http.StatusForbidden)
}
