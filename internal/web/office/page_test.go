package office

import (
	"testing"

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
	moment := page.Moment{Text: "2 March 2026, 12:00", Machine: "2026-03-02T12:00+02:00"}
	errors := page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#reason", Text: "Why"}}}
	reason := page.Field{ID: "reason", Name: "reason", Label: "Why", Hint: "h", Error: "No", Value: "v", Rows: 4}
	table := page.NewTable("", []page.Column{{Text: "A"}, {Text: "B", Sum: true}}, [][]page.Cell{{{Text: "a", Href: "/a", Note: "n"}, {Sum: &sum}}})
	decision := page.Decision{
		Seal: &page.Seal{Signed: []page.Signature{{Act: "Asked", Who: "O", When: moment}}, Awaits: "A"}, Approve: "/a", Refuse: "/r", Yes: "Approve", No: "No", Reason: reason, Rule: "R", Why: "W",
	}
	items := queue{Items: []waiting{{Href: "/a", Title: "T", Sum: sum, Who: "W", When: moment}}}
	notice := page.Notice{Title: "N", Text: "T", Live: true}
	facts := []named{{Text: "N", Value: "V", Code: "C"}, {Text: "N", Code: "C"}}
	list := page.List{
		Back:  []page.Link{{Href: "/b", Text: "B"}},
		Title: "T", Lead: "L", Notice: notice, Errors: page.ErrorSummary{Title: "Not found", Items: []page.Link{{Href: "#q", Text: "Q"}}}, TabsLabel: "Tabs",
		Tabs:   []page.Link{{Href: "/a", Text: "A", Current: true}, {Href: "/b", Text: "B"}},
		Search: &page.Search{Label: "S", Action: "/a", Hidden: []page.Hidden{{Name: "state", Value: "x"}}, Fields: []page.Field{{ID: "q", Name: "q", Label: "Q", Hint: "h"}}, Clear: page.Link{Href: "/a", Text: "All"}},
		Sums:   []page.Pair{{Text: "S", Sum: sum}}, Table: table, Empty: page.Empty{Title: "E", Text: "T"}, Pager: page.Pager{Label: "P", Newest: "/n", Older: "/o", CSV: page.Link{Href: "/c", Text: "C"}},
	}
	said := []roster.Fact{{Name: "F", Text: "T"}}
	ask := page.Ask{Action: "/a", Button: "B", Questions: page.Fields(page.Field{ID: "amount", Name: "amount", Label: "A"}, page.Field{ID: "reason", Name: "reason", Label: "R", Rows: 3})}
	crew := page.Crew{Items: []page.Mate{{Name: "N", Note: "n", Roles: "R", Acts: []page.Press{{Action: "/a", Text: "T", Whom: "N"}}}}}
	rates := list // whose form has other fields
	rates.Errors = page.ErrorSummary{Title: "Not entered", Items: []page.Link{{Href: "#rate", Text: "R"}}}
	pagetest.Door(t, "office", map[string]page.Model{
		"board": boardPage{
			Mine: items, Others: items, Campaigns: table, Joint: table, Drawers: []page.Link{{Href: "/d", Text: "D"}},
			Tasks: []task{{Href: "/t", Text: "T", Count: "3", Note: "N"}, {Href: "/t", Text: "T", Sum: &sum}}, Write: page.Link{Href: "/w", Text: "W"},
		},
		"campaign": campaignPage{
			Notice: notice, Title: "T", Summary: "S", Status: page.NewStatus(l, page.Draft), Look: page.Link{Href: "/l", Text: "L"}, Facts: []fact{{Name: "F", Text: "T"}, {Name: "S", Sum: &sum}},
			Ways: []page.Link{{Href: "/w", Text: "W"}}, Checks: []partCheck{{Done: true, Text: "D"}, {Text: "M", Way: page.Link{Href: "/m", Text: "M"}}}, NotYet: "N",
			Open:       page.Press{Action: "/o", Text: "O", Hidden: []page.Hidden{{Name: "version", Value: "1"}}},
			Purposes:   []purposeView{{ID: "p-1", Title: "P", About: "A", Edit: page.Link{Href: "/e", Text: "E"}, AddNeed: page.Link{Href: "/n", Text: "N"}, Acts: crew.Items[0].Acts, Needs: crew}, {ID: "p-2", Title: "P"}},
			AddPurpose: page.Link{Href: "/p", Text: "P"}, Reasons: table, Close: page.Press{Action: "/c", Text: "C"},
			SettlingHeading: "S", Loose: []page.Pair{{Text: "L", Sum: sum}}, Even: "E", Settle: page.Press{Action: "/s", Text: "S"},
			Reopen: ask, ReopenOpen: true, Errors: errors,
		},
		"list": list,
		"letter": letterPage{
			Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#reason", Text: "R"}}}, Notice: notice, Title: "T", Status: page.NewStatus(l, page.Closed), Facts: facts, Back: notice,
			Again: page.Press{Action: "/a", Text: "A"}, Mark: page.Ask{Action: "/m", Button: "B", Questions: page.Fields(reason)},
		},
		"letter-preview": previewPage{Title: "T", Subject: "S", Letter: l, Frame: "/f", Text: "T", Stops: true, Langs: []page.Link{{Href: "/a", Text: "A", Current: true}, {Href: "/b", Text: "B"}}},
		"statements":     statementsPage{List: list, New: "/n", Accounts: table},
		"statement":      statementPage{List: list, Balances: []page.Pair{{Text: "S", Sum: sum}}, Facts: facts, Proof: page.Proof{Title: "P", Text: "T"}, Silent: "S"},
		"rates": ratesPage{
			List: rates, Campaigns: []page.Link{{Href: "/c", Text: "C"}}, Form: &rateForm{
				Cluster: page.Field{ID: "cluster", Name: "cluster", Label: "C", Options: []page.Option{{Value: "a", Text: "A", Chosen: true}}},
				From:    page.Field{ID: "from", Name: "from", Label: "F", Hint: "h", Error: "E"}, To: page.Field{ID: "to", Name: "to", Label: "T", Hint: "h"},
				Rate: page.Field{ID: "rate", Name: "rate", Label: "R", Hint: "h", Decimal: true}, Source: page.Field{ID: "source", Name: "source", Label: "S", Hint: "h"},
				Day: page.Field{ID: "day", Name: "day", Label: "D", Hint: "h", Type: "date"}, Sure: tick{Name: "sure", Label: "S", Error: "E", Ticked: true},
			},
		},
		"currencies": acceptedPage{
			Errors: page.ErrorSummary{Title: "Not saved", Items: []page.Link{{Href: "#currencies", Text: "C"}}}, Notice: notice, Campaign: "C", Lead: "L", Action: "/a", May: true,
			Currencies: page.Field{ID: "currencies", Name: "currencies", Label: "C", Hint: "h", Error: "E"}, Rates: facts,
		},
		"upload": uploadPage{
			Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#file", Text: "F"}}}, Action: "/a",
			Account: page.Field{ID: "account", Name: "account", Label: "A", Options: []page.Option{{Value: "a", Text: "A", Chosen: true}}},
			File:    page.Field{ID: "file", Name: "file", Label: "F", Hint: "h", Error: "E", Type: "file"}, Columns: page.Field{ID: "columns", Name: "columns", Label: "C", Hint: "h", Rows: 3},
		},
		"import": progressPage{
			Title: "T", File: "f.xml", Wait: 1, Percent: 40, Text: "40", Wrong: page.ErrorSummary{Title: "W", Items: []page.Link{{Text: "N"}}}, Statement: page.Link{Href: "/s", Text: "S"}, Again: "/n",
		},
		"line": linePage{
			Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#pledge", Text: "P"}}}, Notice: notice, Title: "T", Status: page.NewStatus(l, page.Waits),
			Sums: []page.Pair{{Text: "S", Sum: sum}}, Facts: facts, Statement: page.Link{Href: "/s", Text: "S"}, Why: "W",
			Matches: []matchView{
				{Text: "T", Sum: sum, Note: "N", When: moment, Status: page.NewStatus(l, page.Closed), Undo: &undoForm{Action: "/u", Reason: page.Field{ID: "reason-1", Name: "reason", Label: "R", Hint: "h", Rows: 2}}},
				{Text: "T", Sum: sum, When: moment, Decide: &undecided{Reason: "R", Approve: "/a", Refuse: "/r", Why: "W"}},
			},
			Pledge: &pledgeForm{
				Action: "/p", Pledge: page.Field{ID: "pledge", Name: "pledge", Label: "P", Hint: "h", Error: "E"}, Amount: page.Field{ID: "amount", Name: "amount", Label: "A", Sum: true, Unit: "UAH"},
				Suggested: []suggestedView{{Company: "C", Campaign: "C", Why: "W", Left: sum, Action: "/p", Reference: "RF", Amount: "1.00", Button: "B"}, {Company: "C"}},
			},
			Others: []choiceForm{{Action: "/o", Title: "T", Text: "T", Button: "B", Name: "line", Value: "1"}, {Action: "/f", Title: "T", Button: "B"}},
		},
		"reconciliation": reconciliationPage{
			Notice: notice, Accounts: table, Run: "/r", Empty: page.Empty{Title: "E"},
			Clusters: []proofView{{ID: "c-1", Name: "C", Proof: page.Proof{Title: "P", When: moment, Text: "T"}, Checks: []string{"C"}}, {ID: "c-2", Name: "D", Wrong: page.Notice{Look: "fault", Title: "W"}, Differences: table}},
		},
		"event": eventPage{Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Text: "N"}}}, Notice: notice, Title: "T", Status: page.NewStatus(l, page.Failed), Facts: facts, Replay: "/r", Why: "W"},
		"alarm": alarmPage{
			Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Href: "#note", Text: "N"}}}, Notice: notice, Title: "T", Status: page.NewStatus(l, page.Failed), When: moment,
			Subject: page.Link{Href: "/s", Text: "S"}, Facts: []string{"f"}, Answer: "/a", Note: page.Field{ID: "note", Name: "note", Label: "N", Hint: "h", Error: "E", Rows: 4}, Why: "W", Found: "F", By: "B",
		},
		"refund": refundPage{
			Errors: errors, Title: "T", Payment: "/p", Action: "/a", Request: "r", Currency: "USD", Here: sum, Reason: reason,
			Amount: page.Field{ID: "amount", Name: "amount", Label: "Amount", Hint: "h", Sum: true, Unit: "USD"},
		},
		"refund-request": requestPage{
			Errors: errors, Notice: notice, Title: "T", Payment: "/p", Status: page.NewStatus(l, page.Waits), Sum: sum, Facts: facts,
			Decision: decision,
		},
		"payment": paymentPage{
			Errors: page.ErrorSummary{Title: "Not recorded", Items: []page.Link{{Text: "N"}}}, Notice: notice, Title: "T", Campaign: page.Link{Href: "/c", Text: "C"}, Status: page.NewStatus(l, page.Received),
			Sums: []page.Pair{{Text: "S", Sum: sum}}, Facts: facts, Ask: "/a", Why: "W", Refund: "/r", Refunds: table,
			Timeline: []happening{{When: moment, Text: "T", Href: "/h", Status: page.NewStatus(l, page.Failed), Sum: &sum, Notes: []string{"n"}, Lines: table}, {When: moment, Text: "T"}},
		},
		"proposal": proposalPage{
			Errors: errors, Campaign: "C", Action: "/a", Currency: "USD", Free: sum, Asked: sum, Reason: reason,
			Purpose: page.NewChoices("purpose", "For what", "a", page.Option{Value: "a", Text: "A", Note: "n"}, page.Option{Value: "b", Text: "B"}),
			Amount:  page.Field{ID: "amount", Name: "amount", Label: "Amount", Sum: true, Unit: "USD"},
		},
		"allocation": allocationPage{
			Errors: errors, Notice: page.Notice{Title: "N", Text: "T"}, Title: "T", Campaign: "C", Status: page.NewStatus(l, page.Waits), Sum: sum,
			Purpose: "P", Reason: "R", Free: &sum, Rest: &sum, Waits: true,
			Decision: decision,
			Steps:    []step{{When: moment, Text: "T", Note: "N"}}, Marked: &sum,
		},
		"pledges": pledgesPage{List: list, Waiting: table},
		"pledge": pledgePage{
			Notice: page.Notice{Title: "N", Text: "T"}, Company: "A", Campaign: "C", Status: page.NewStatus(l, page.Overdue), Facts: []fact{{Name: "F", Text: "T"}, {Name: "S", Sum: &sum}},
			Acts: []page.Link{{Href: "/a", Text: "A"}}, WriteOffs: table, Schedule: page.Stand{Table: table, Rules: []string{"R"}},
			Story: page.Story{Promised: sum, Now: sum, MadeAt: moment, Parts: table, Acts: []page.Act{{When: moment, Text: "A", Change: "C", Reason: "R", Changes: []string{"x"}}}},
		},
		"pledge-act": pledgeActPage{Errors: errors, Title: "T", Lead: "L", Company: "A", Campaign: "C", Form: page.ActForm{
			Sums: []page.Pair{{Text: "S", Sum: sum}}, Back: page.Link{Href: "/p", Text: "P"}, Action: "/a", Seen: "0-1", Button: "B", Reason: reason,
			Rows: &page.Plan{Legend: "L", Hint: "H"}, Code: &page.Choices{Name: "code", Legend: "Why", Items: []page.Option{{Value: "a", Text: "A", ID: "code"}}},
			Amounts: &page.Amounts{ID: "written_off", Legend: "L", Error: "E", Fields: []page.Field{{ID: "part-1", Name: "part-1", Label: "P", Sum: true, Unit: "USD"}}},
		}},
		"write-off": writeOffPage{
			Errors: errors, Notice: page.Notice{Title: "N", Text: "T"}, Company: "A", Campaign: "C", Back: "/p", Status: page.NewStatus(l, page.Waits), Sum: sum, Code: "C", Reason: "R",
			Parts: table, Refusal: "F",
			Decision: decision,
		},
		"ask":          askPage{Kicker: []page.Link{{Href: "/k", Text: "K"}}, Title: "T", Lead: "L", Errors: errors, Ask: ask, Link: page.Link{Href: "/l", Text: "L"}},
		"company":      companyPage{Notice: page.Notice{Title: "N"}, Name: "A", Facts: said, EditFacts: "/e", Memberships: table, Addresses: table, People: crew, Invitations: crew, Changes: []page.Ask{{Action: "/m", Button: "B"}}, Move: ask, Owner: page.Ask{Action: "/o", Button: "B"}},
		"application":  applicationPage{Notice: page.Notice{Title: "N"}, Name: "A", Status: page.NewStatus(l, page.Waits), Facts: said, Message: "M", Known: "K", Accept: crew.Items[0].Acts[0], Refuse: ask, Decided: said, Company: page.Link{Href: "/c", Text: "C"}},
		"company-file": importPreviewPage{File: "f.csv", Cluster: "K", Said: "S", More: "M", Faulty: table, Table: table, Enter: crew.Items[0].Acts[0], Again: page.Link{Href: "/n", Text: "N"}},
		"people":       peoplePage{Notice: page.Notice{Title: "N"}, Clusters: []clusterPeople{{Slug: "k", Name: "K", Profile: page.Link{Href: "/p", Text: "P"}, People: crew, Invitations: crew, MayChange: true, Invite: ask, Nobody: "N"}}},
		"cluster":      clusterPage{Notice: page.Notice{Title: "N"}, Name: "K", Public: "/p", Logo: "/l.png", MayChange: true, Facts: said, Profile: ask, Picture: page.Ask{Action: "/l", Upload: true, Button: "B"}, DropPicture: crew.Items[0].Acts[0]},
		"members":      membersPage{Title: "T", Clusters: []membersOf{{Slug: "k", Name: "K", Said: "S", Years: []page.Link{{Href: "/y", Text: "2020", Current: true}}, Table: table, List: page.Link{Href: "/l", Text: "L"}}}},
	})
}
