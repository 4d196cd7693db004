package life

import (
	"time"

	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// PledgeHeads are the column heads of pledges in a file, and PledgeRecord is one of them:
// the same for the company and for the cluster.
func PledgeHeads(l i18n.Lang) []string {
	var heads []string
	for _, name := range []string{"pledge", "made", "company", "campaign", "for", "reference", "order", "visibility", "state", "next", "currency", "promised", "pledged", "on_its_way", "received", "refunded", "left"} {
		heads = append(heads, l.T("life.record."+name))
	}
	return heads
}

// PledgeRecord is a pledge in a file. Its amounts are plain numbers in its currency.
func PledgeRecord(l i18n.Lang, p giving.Pledge, s giving.Schedule) []string {
	plain := func(minor int64) string { return money.Of(minor, p.Amount.Currency).Plain() }
	next := ""
	if i, waits := s.Next(); waits {
		next = i.DueOn.Format(time.DateOnly)
	}
	return []string{
		p.ID, p.MadeAt.UTC().Format(time.RFC3339), In(l, p.Company), In(l, p.Campaign), For(l, p), string(p.Reference), p.PurchaseOrder, l.T("portal.visibility." + string(p.Visibility)),
		Status(l, p, s).Text, next, string(p.Amount.Currency), p.Promised.Plain(), p.Amount.Plain(), plain(p.OnItsWay), plain(p.Received), plain(p.Refunded), s.Left().Plain(),
	}
}
