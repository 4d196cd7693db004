package portal

import (
	"testing"

	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
	"kopiyka/internal/web/roster"
)

// Every template stands on its struct, full and empty, in both languages.
func TestPages(t *testing.T) {
	l := i18n.EN
	sum := l.Sum(money.Of(12_345, "USD"))
	errors := page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#amount", Text: "Amount"}}}
	field := page.Field{ID: "amount", Name: "amount", Label: "Amount", Hint: "5000", Error: "No", Value: "1", Sum: true, Unit: "USD"}
	table := page.NewTable("", []page.Column{{Text: "A"}, {Text: "B", Sum: true}}, [][]page.Cell{{{Text: "a", Href: "/a", Note: "n"}, {Sum: &sum}}})
	choice := func(name string) page.Choices {
		return page.NewChoices(name, "What", "a", page.Option{Value: "a", Text: "A", Note: "n"}, page.Option{Value: "b", Text: "B"})
	}
	papers := page.Papers{ID: "papers", Title: "Documents", Text: "T", Table: table, Forms: []page.PaperForm{{Action: "/d", Kind: "invoice", Button: "Issue", Why: "W"}, {Action: "/d", Button: "Issue"}}}
	pagetest.Door(t, "portal", map[string]page.Model{
		"overview": overviewPage{
			Withheld:  []page.Link{{Href: "/portal/companies/x", Text: "X"}},
			MayPledge: true, Due: &duePayment{Title: "T", Text: "X", Button: "B", Href: "/p", Sum: sum},
			Companies: []companyPledges{{Slug: "a", Name: "A", Pledges: table, More: "/m", Links: []page.Link{{Href: "/s", Text: "S"}}}, {Slug: "b", Name: "B", Empty: page.Empty{Title: "E"}}},
		},
		"list": page.List{
			Back: []page.Link{{Href: "/b", Text: "B"}}, Title: "T", Lead: "L", Table: table, Pager: page.Pager{Label: "P", Newest: "/n", Older: "/o", CSV: page.Link{Href: "/c", Text: "C"}},
			Search: &page.Search{Label: "S", Action: "/a", Fields: []page.Field{{ID: "q", Name: "q", Label: "Q", Hint: "h"}}, Clear: page.Link{Href: "/a", Text: "All"}},
		},
		"choose": choosePage{Campaigns: []openCampaign{{"/c", "C", "S"}}, Empty: page.Empty{Title: "E"}},
		"promise": promisePage{
			Errors: errors, Campaign: "C", Slug: "c", Currency: "USD",
			Company: page.Field{ID: "company", Name: "company", Label: "For", Options: []page.Option{{Value: "1", Text: "One", Chosen: true}}},
			Through: page.Field{ID: "through", Name: "through", Label: "Through", Options: []page.Option{{Value: "1", Text: "One"}}},
			Amount:  field, When: choice("when"), Visibility: choice("visibility"),
			DueOn:   page.Field{ID: "due_on", Name: "due_on", Type: "date", Label: "Day"},
			Number:  page.Field{ID: "number", Name: "number", Label: "Number", Numeric: true},
			For:     page.Field{ID: "purpose", Name: "purpose", Label: "For", Options: []page.Option{{Text: "All", Chosen: true}}},
			Order:   page.Field{ID: "purchase_order", Name: "purchase_order", Label: "Order"},
			Message: page.Field{ID: "message", Name: "message", Label: "Word", Rows: 4, Optional: true},
			Steps:   page.Steps{Items: []page.Step{{Title: "1", Text: "one"}}},
		},
		"pledge": pledgePage{
			Errors: errors, Notice: page.Notice{Title: "N", Text: "T"}, Company: "A", Campaign: "C", CampaignHref: "/en/campaigns/c",
			Status: page.NewStatus(l, page.Pledged), Meter: page.NewMeter("m", 10, page.Share{Paint: page.PaintReceived, Part: 4}),
			Figures: []figure{{"Pledged", sum}}, Pay: &payForm{Action: "/a", Left: sum, Text: "T", Offers: []payOffer{{Amount: "1.00", Button: "Pay"}, {Amount: "2.00", Button: "All", Plain: true}}, Part: field, Open: true},
			Schedule: &page.Stand{Table: table, Rules: []string{"R"}}, Acts: []page.Link{{Href: "/h", Text: "H"}},
			PayNot: "Why", Payments: table, Made: page.Moment{Text: "2 March 2026", Machine: "2026-03-02"}, Promise: []fact{{"When", "now"}}, Message: "M",
			Papers: papers,
		},
		"statement": statementPage{
			Notice: page.Notice{Title: "N", Text: "T"}, Company: "A", Year: "2026", Years: []page.Link{{Href: "/y", Text: "2025"}},
			Parts: []statementPart{{ID: "cluster-1", Cluster: "K", Lines: table, Totals: []figure{{"Received", sum}}}}, Empty: page.Empty{Title: "E", Text: "T"}, Papers: papers,
		},
		"plan": planPage{
			Errors: errors, Campaign: "C", Sum: sum, Hidden: []hidden{{"amount", "1"}}, Table: table,
			Rows: &page.Plan{Legend: "L", Hint: "H", Error: "No", Rows: []page.PlanRow{{Day: page.Field{ID: "day-1", Name: "day-1", Label: "D", Type: "date"}, Amount: field}}},
		},
		"act": actPage{Errors: errors, Title: "T", Lead: "L", Campaign: "C", Form: page.ActForm{
			Sums: []page.Pair{{Text: "S", Sum: sum}}, Back: page.Link{Href: "/p", Text: "P"}, Action: "/a", Seen: "0-1", Button: "B", Warning: "W",
			Rows:   &page.Plan{Legend: "L", Hint: "H", Rows: []page.PlanRow{{Day: page.Field{ID: "day-1", Name: "day-1", Label: "D", Type: "date"}, Amount: field}}},
			Reason: page.Field{ID: "reason", Name: "reason", Label: "Why", Rows: 3},
		}},
		"company": profilePage{
			Notice: page.Notice{Title: "N"}, Name: "A", Tabs: []page.Link{{Href: "/a", Text: "A", Current: true}}, Public: page.Link{Href: "/p", Text: "P"}, Facts: []roster.Fact{{Name: "F", Text: "T"}},
			Memberships: table, Addresses: table, Logo: "/l.png", MayChange: true, Profile: page.Ask{Action: "/a", Button: "B", Questions: page.Fields(page.Field{ID: "site", Name: "site", Label: "S"})},
			Picture: page.Ask{Action: "/l", Upload: true, Button: "B"}, DropPicture: page.Press{Action: "/d", Text: "D"}, Move: page.Ask{Action: "/m", Button: "B"},
		},
		"leave": leavePage{Title: "T", Name: "A", What: []string{"W"}, Leave: page.Press{Action: "/a", Text: "L"}, Back: page.Link{Href: "/b", Text: "B"}},
		"team": teamPage{
			Factor: teamFactor{State: "It asks", What: "What then", Who: "2 of 3", Switch: page.Press{Action: "/f", Text: "Ask"}, First: page.Link{Href: "/account/authenticator", Text: "Set up"}},
			Notice: page.Notice{Title: "N"}, Name: "A", Tabs: []page.Link{{Href: "/a", Text: "A"}}, Alone: true, People: page.Crew{Items: []page.Mate{{Name: "N", Acts: []page.Press{{Action: "/a", Text: "T"}}}}},
			Invitations: page.Crew{Items: []page.Mate{{Name: "N"}}}, MayChange: true, Invite: page.Ask{Action: "/i", Button: "B", Questions: page.Fields(page.Field{ID: "email", Name: "email", Label: "E"})},
		},
		"stop": stopPage{Action: "/reminders/a", Wanted: true},
		"history": historyPage{
			Company: "A", Campaign: "C", Back: "/p", Status: page.NewStatus(l, page.Pledged), Schedule: page.Stand{Table: table, Rules: []string{"R"}},
			Story: page.Story{Promised: sum, Now: sum, MadeAt: page.Moment{Text: "T", Machine: "2026-03-02"}, Parts: table, Acts: []page.Act{
				{When: page.Moment{Text: "T", Machine: "2026-03-02"}, Text: "A", Change: "C", Reason: "R", Changes: []string{"x"}},
			}},
		},
		"return": returnPage{
			Title: "T", Text: "X", Why: "W", Status: page.NewStatus(l, page.Transit), Campaign: "C", Company: "A", Sum: sum, Fees: &sum,
			PledgeHref: "/p", Receipt: page.Link{Href: "/r", Text: "R"}, TryAgain: "https://checkout.stripe.com/c/pay/cs_1", Wait: 3, Again: "/again",
		},
	})
}

// Whatever Stripe or a bank answers, the payer reads a sentence that says what to do.
func TestEveryDeclineHasASentence(t *testing.T) {
	for _, l := range i18n.Langs() {
		for code, why := range declines {
			if _, err := l.Text("portal.decline." + why); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
		other := l.T("portal.decline.other")
		for code, want := range map[string]string{
			"card_declined/insufficient_funds": l.T("portal.decline.funds"),
			"expired_card/expired_card":        l.T("portal.decline.expired"),
			"card_declined/lost_card":          other, // nobody is told that the card was reported
			"card_declined/generic_decline":    other,
			"account_closed":                   l.T("portal.decline.account"),
			"a code of tomorrow":               other,
		} {
			if got := declineSentence(l, giving.Payment{State: giving.Declined, Decline: code}); got != want {
				t.Errorf("%s in %s: %q, want %q", code, l, got, want)
			}
		}
		if got := declineSentence(l, giving.Payment{State: giving.Paid, Decline: "card_declined"}); got != "" {
			t.Errorf("a paid payment says %q", got)
		}
	}
}

func TestEveryStateOfAPaymentHasAWordAndALook(t *testing.T) {
	for _, s := range []giving.State{
		giving.Created, giving.Open, giving.Declined, giving.Processing, giving.Paid, giving.Failed, giving.Expired, giving.RefundedInPart, giving.Refunded,
		giving.Returned, giving.InDispute, giving.DisputeLost, giving.AwaitingFunds,
	} {
		if paymentLooks[s] == "" {
			t.Errorf("%s has no look", s)
		}
		for _, l := range i18n.Langs() {
			outcome := outcomeOf(giving.Payment{State: s})
			for _, key := range []string{"portal.payment." + string(s), "portal.return." + outcome, "portal.return." + outcome + "_text"} {
				if _, err := l.Text(key); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
