package site

import (
	"kopiyka/internal/i18n"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
)

// proof says up to which day the books were found equal to what the banks say. What differs
// since is not kept from the reader.
func proof(l i18n.Lang, p report.Proof) page.Proof {
	if p.On.IsZero() {
		return page.Proof{}
	}
	v := page.Proof{Title: l.T("bank.public.title"), When: l.Day(p.On), Text: l.T("bank.public.text", l.DateTime(p.RanAt))}
	if p.Differs {
		v.Text = l.T("bank.public.differs", l.DateTime(p.RanAt))
	}
	return v
}
