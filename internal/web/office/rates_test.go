package office_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"kopiyka/internal/clock"
)

// rate is a form of a rate that is taken as it stands, with changes.
func (d *desk) rate(change ...string) url.Values {
	form := url.Values{"cluster": {d.Cluster}, "from": {"eur"}, "to": {"USD"}, "rate": {"1,08"}, "source": {"НБУ"}, "day": {clock.Day(d.Now()).Format(time.DateOnly)}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func TestARateIsEnteredAndListed(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Get("/office/rates").Wants(http.StatusOK).Says("main", "No rates yet")
	answer := d.coordinator.Post("/office/rates", d.rate()).Wants(http.StatusSeeOther)
	page := d.coordinator.Get(answer.Location()).Wants(http.StatusOK)
	page.Says(".notice", "The rate is entered").Says("main table", "EUR → USD").Says("main table", "1.08").Says("main table", "НБУ")
	if n := d.Count("exchange_rates WHERE rate = 1.08 AND from_currency = 'EUR'"); n != 1 || d.Acts("rate.entered") != 1 {
		t.Errorf("%d rates, %d acts", n, d.Acts("rate.entered"))
	}
	d.approver.Get("/office/rates").Wants(http.StatusOK).Says("main table", "1.08") // and has no form
	d.approver.Post("/office/rates", d.rate()).Wants(http.StatusForbidden)
}

func TestARateThatIsWrongIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Post("/office/rates", d.rate()).Wants(http.StatusSeeOther)
	tomorrow := clock.Day(d.Now()).AddDate(0, 0, 1).Format(time.DateOnly)
	for field, c := range map[string][2]string{
		"rate":   {"-1", "Type the rate in digits"},
		"from":   {"XYZ", "There is no such currency: XYZ"},
		"to":     {"EUR", "Choose two different currencies"},
		"source": {"", "Say whose rate it is"},
		"day":    {tomorrow, "a day that has not come"},
	} {
		page := d.coordinator.In(t).Post("/office/rates", d.rate(field, c[0])).Wants(http.StatusUnprocessableEntity)
		page.Says("#"+field+"-e", c[1]).Says("[role=alert]", c[1])
		if got := page.Attr("#"+field, "value"); got != c[0] {
			t.Errorf("%s: what was typed is %q", field, got)
		}
	}
	for _, text := range []string{"0", "abc", "1e9", "10000000", "0.0000000000001"} {
		d.coordinator.In(t).Post("/office/rates", d.rate("rate", text)).Wants(http.StatusUnprocessableEntity)
	}
	// Everything wrong is said at once.
	page := d.coordinator.Post("/office/rates", url.Values{"cluster": {d.Cluster}}).Wants(http.StatusUnprocessableEntity)
	for _, field := range []string{"from", "to", "rate", "source", "day"} {
		if !page.Has("#" + field + "-e") {
			t.Errorf("nothing is said about %s", field)
		}
	}
	if n := d.Count("exchange_rates"); n != 1 {
		t.Errorf("%d rates", n)
	}
}

func TestARateFarFromTheLastWantsATick(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	d.coordinator.Post("/office/rates", d.rate()).Wants(http.StatusSeeOther)
	page := d.coordinator.Post("/office/rates", d.rate("rate", "10.8")).Wants(http.StatusUnprocessableEntity)
	page.Says("#sure-e", "more than a fifth away from the last rate: 1.08")
	if page.Attr("#rate", "value") != "10.8" || !page.Has("#sure[type=checkbox]") {
		t.Error("the form lost what was typed, or has no tick")
	}
	d.coordinator.Post("/office/rates", d.rate("rate", "10.8", "sure", "yes")).Wants(http.StatusSeeOther)
	if n := d.Count("exchange_rates WHERE rate = 10.8"); n != 1 {
		t.Errorf("%d rates", n)
	}
}

func TestACoordinatorSaysWhatACampaignAccepts(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	path := "/office/campaigns/" + d.Slug + "/currencies"
	answer := d.coordinator.Post(path, url.Values{"currencies": {"uah, EUR"}}).Wants(http.StatusSeeOther)
	page := d.coordinator.Get(answer.Location()).Wants(http.StatusOK).Says(".notice", "The currencies are saved").Says("main .pairs", "no rate yet")
	if got := page.Attr("#currencies", "value"); got != "EUR, UAH" {
		t.Errorf("accepted: %q", got)
	}
	for typed, words := range map[string]string{"USD": "the campaign’s own currency", "EUR XXY": "There is no such currency: XXY", "🇺🇦": "There is no such currency"} {
		page := d.coordinator.In(t).Post(path, url.Values{"currencies": {typed}}).Wants(http.StatusUnprocessableEntity)
		page.Says("#currencies-e", words)
		if got := page.Attr("#currencies", "value"); got != typed {
			t.Errorf("what was typed is %q", got)
		}
	}
	d.approver.Post(path, url.Values{"currencies": {""}}).Wants(http.StatusForbidden)
	d.coordinator.Get("/office/campaigns/nothing/currencies").Wants(http.StatusNotFound)
	if n := d.Count("campaign_currencies"); n != 2 {
		t.Errorf("%d currencies", n)
	}
	d.coordinator.Post(path, url.Values{"currencies": {" "}}).Wants(http.StatusSeeOther)
	if n := d.Count("campaign_currencies"); n != 0 {
		t.Errorf("%d currencies are left", n)
	}
}
