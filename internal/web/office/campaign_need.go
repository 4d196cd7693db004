package office

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
)

// newNeed serves GET /office/campaigns/:slug/purposes/:id/needs/new.
func (o *Office) newNeed(c echo.Context) error {
	d, p, err := o.purposeOf(c)
	if err != nil {
		return err
	}
	return o.showNeed(c, d, campaign.Need{PurposeID: p.ID}, textsOfNeed(campaign.Need{}), page.Form{})
}

func textsOfNeed(n campaign.Need) url.Values {
	v := url.Values{
		"item_uk": {n.Item.UK}, "item_en": {n.Item.EN}, "unit_uk": {n.Unit.UK}, "unit_en": {n.Unit.EN}, "recipient_uk": {n.Recipient.UK}, "recipient_en": {n.Recipient.EN},
	}
	if n.Quantity > 0 {
		v.Set("quantity", strconv.FormatInt(n.Quantity, 10))
	}
	return v
}

func (o *Office) showNeed(c echo.Context, d campaign.Desk, n campaign.Need, typed url.Values, form page.Form) error {
	b := page.Of(c)
	l := b.Lang
	f := campaignForm{l, typed, form}
	quantity, recipientUK, recipientEN := f.one("quantity"), f.optional("recipient_uk"), f.optional("recipient_en")
	quantity.Numeric, recipientUK.Hint = true, l.T("campaign.field.recipient_hint")
	unitUK := f.one("unit_uk")
	unitUK.Hint = l.T("campaign.field.unit_hint")
	action, title, lead := campaignPath(d.Slug)+"/purposes/"+n.PurposeID+"/needs", l.T("campaign.need.add"), l.T("campaign.need.lead")
	b.Path = action + "/new"
	if n.ID != "" {
		action = campaignPath(d.Slug) + "/needs/" + n.ID
		b.Path, title, lead = action, l.T("campaign.need.edit"), l.T("campaign.need.lead_edit")
	}
	return showThing(c, b, d, action, n.Mark(), title, lead, []page.Field{f.one("item_uk"), f.one("item_en"), quantity, unitUK, f.one("unit_en"), recipientUK, recipientEN}, textsOfNeed(n), form)
}

// need serves GET /office/campaigns/:slug/needs/:id.
func (o *Office) need(c echo.Context) error {
	d, n, err := o.needOf(c)
	if err != nil {
		return err
	}
	return o.showNeed(c, d, n, textsOfNeed(n), page.Form{})
}

func (o *Office) needOf(c echo.Context) (campaign.Desk, campaign.Need, error) {
	d, err := o.onDesk(c)
	if err != nil {
		return d, campaign.Need{}, err
	}
	all, err := campaign.Needs(c.Request().Context(), o.db, d.ID)
	if err != nil {
		return d, campaign.Need{}, err
	}
	i := slices.IndexFunc(all, func(n campaign.Need) bool { return n.ID == c.Param("id") })
	if i < 0 {
		return d, campaign.Need{}, fault.New(fault.NotFound, "need.unknown")
	}
	return d, all[i], nil
}

// addNeed serves POST /office/campaigns/:slug/purposes/:id/needs.
func (o *Office) addNeed(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, p, err := o.purposeOf(c)
	if err != nil {
		return err
	}
	w := needWish(d.Slug, visitor(c).ID, form)
	w.PurposeID = p.ID
	return o.needDone(c, form, campaign.SaveNeed(c.Request().Context(), o.db, o.now, w), func() (campaign.Desk, campaign.Need, error) {
		return d, campaign.Need{PurposeID: p.ID}, nil
	})
}

// setNeed serves POST /office/campaigns/:slug/needs/:id.
func (o *Office) setNeed(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	d, n, err := o.needOf(c)
	if err != nil {
		return err
	}
	w := needWish(d.Slug, visitor(c).ID, form)
	w.ID, w.Seen = n.ID, form.Get("seen")
	return o.needDone(c, form, campaign.SaveNeed(c.Request().Context(), o.db, o.now, w), func() (campaign.Desk, campaign.Need, error) { return o.needOf(c) })
}

func needWish(slug, person string, form url.Values) campaign.NeedWish {
	text := func(name string) campaign.Text {
		return campaign.Text{UK: form.Get(name + "_uk"), EN: form.Get(name + "_en")}
	}
	quantity, err := strconv.ParseInt(strings.Join(strings.Fields(form.Get("quantity")), ""), 10, 64)
	if err != nil {
		quantity = 0 // which no need has
	}
	return campaign.NeedWish{Slug: slug, PersonID: person, Item: text("item"), Unit: text("unit"), Recipient: text("recipient"), Quantity: quantity}
}

func (o *Office) needDone(c echo.Context, typed url.Values, err error, there func() (campaign.Desk, campaign.Need, error)) error {
	if err == nil {
		return o.campaignDone(c, c.Param("slug"), "need")
	}
	faults, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	d, n, err := there()
	if err != nil {
		return err
	}
	return o.showNeed(c, d, n, typed, faults)
}

// moveNeed serves POST /office/campaigns/:slug/needs/:id/move.
func (o *Office) moveNeed(c echo.Context) error {
	return o.place(c, "saved", func(p campaign.Place, up bool) error {
		return campaign.MoveNeed(c.Request().Context(), o.db, o.now, p, up)
	})
}

// withdrawNeed serves POST /office/campaigns/:slug/needs/:id/withdraw.
func (o *Office) withdrawNeed(c echo.Context) error {
	return o.place(c, "withdrawn", func(p campaign.Place, _ bool) error {
		return campaign.WithdrawNeed(c.Request().Context(), o.db, o.now, p)
	})
}
