package office_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/giving"
	"kopiyka/internal/member"
)

// The people of a cluster that joined see on their board what everyone sees of its share, and
// the way to the campaign's page. The money, the pledges and the proposals are not theirs.
func TestTheBoardOfAClusterThatJoined(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	theirs := d.house.As(d.Stranger)
	if theirs.Get("/office").Wants(http.StatusOK).Has("#joint") {
		t.Error("a joint campaign is shown before there is one")
	}
	other := d.Jointly()
	d.Tx(func(tx *sqlx.Tx) error { return member.Join(t.Context(), tx, d.Company, other, d.Now()) })
	var pledge string
	for _, v := range []giving.Visibility{giving.Named, giving.AmountHidden} {
		p := d.Promise(12_300)
		p.ThroughID, p.Visibility = other, v
		id, err := giving.MakePledge(t.Context(), d.DB, d.Now, p)
		if err != nil {
			t.Fatal(err)
		}
		pledge = id
	}
	board := theirs.Get("/office").Wants(http.StatusOK).
		Says("section[aria-labelledby=joint] tbody", "led by Kharkiv IT Cluster").Says("section[aria-labelledby=joint] tbody", "Lviv IT Cluster")
	if got := strings.Join(strings.Fields(board.Text("section[aria-labelledby=joint] tbody")), " "); !strings.Contains(got, "$123.00") || strings.Contains(got, "$246.00") {
		t.Errorf("its share is %q, want the named gift alone", got)
	}
	if got := board.Attr("section[aria-labelledby=joint] tbody a", "href"); got != "/en/campaigns/"+d.Slug {
		t.Errorf("it leads to %q", got)
	}
	if board.Has("[href=" + d.address() + "/new]") {
		t.Error("the money of another cluster can be proposed for something")
	}
	for _, path := range []string{"/office/pledges/" + pledge, d.address() + "/new"} {
		theirs.Get(path).Wants(http.StatusNotFound)
	}
	if theirs.Get("/office/pledges").Wants(http.StatusOK).Has("[href=/office/pledges/" + pledge + "]") {
		t.Error("the pledge is in its list")
	}
	// The cluster that leads has its own board as before, and sees through whom the pledge came.
	if d.coordinator.Get("/office").Wants(http.StatusOK).Has("#joint") {
		t.Error("the campaign that it leads is shown as another's")
	}
	d.coordinator.Get("/office/pledges/"+pledge).Wants(http.StatusOK).Says("main", "Given through")
}
