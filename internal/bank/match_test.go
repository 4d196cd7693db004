package bank

import (
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/campaign"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway/gatewaytest"
	"kopiyka/internal/giving"
	"kopiyka/internal/ledger"
	"kopiyka/internal/member"
	"kopiyka/internal/money"
	"kopiyka/internal/pg"
)

// promise is a pledge with its payment reference.
func (d *desk) promise(minor int64) (id, reference string) {
	d.t.Helper()
	id = d.Pledge(minor)
	if err := d.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, id); err != nil {
		d.t.Fatal(err)
	}
	return id, reference
}

// came brings one statement with these lines in, matches what can be matched by itself, and
// returns the ids of the new lines in the statement's order.
func (d *desk) came(lines ...Line) []string {
	d.t.Helper()
	done := d.bring(d.statement(d.bank(), lines...))
	d.matchAll()
	var ids []string
	if err := d.Owner.Select(&ids, `SELECT id FROM statement_lines WHERE statement_id = $1 ORDER BY id`, done.Statements[0].ID); err != nil {
		d.t.Fatal(err)
	}
	return ids
}

func (d *desk) matchAll() Tried {
	d.t.Helper()
	tried, err := MatchAll(d.t.Context(), d.DB, d.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	return tried
}

// kept fails the test unless the fund, what is unmatched and the bank hold these sums, and
// the books are whole.
func (d *desk) kept(fund, unmatched, bank int64) {
	d.t.Helper()
	if d.Free() != fund || d.unmatched() != unmatched || d.bank() != bank {
		d.t.Errorf("fund %d, unmatched %d, bank %d; want %d, %d, %d", d.Free(), d.unmatched(), d.bank(), fund, unmatched, bank)
	}
	var open int64
	if err := d.Owner.Get(&open, `SELECT coalesce(sum(open_minor), 0)::bigint FROM statement_line_rests`); err != nil || open != unmatched {
		d.t.Errorf("%d of the lines is open, %d unmatched in the books (%v)", open, unmatched, err)
	}
	d.VerifyBooks()
}

func refused(t *testing.T, err error, key string) {
	t.Helper()
	if f, ok := fault.As(err); !ok || f.Key != key {
		t.Errorf("said %v, want %s", err, key)
	}
}

func (d *desk) received(pledge string) int64 {
	d.t.Helper()
	p, err := giving.PledgeOf(d.t.Context(), d.DB, pledge, d.Payer)
	if err != nil {
		d.t.Fatal(err)
	}
	return p.Received - p.Refunded
}

func TestMoneyThatNamesItsPledgeIsMatchedByItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pledge, ref := d.promise(10_000)
	one := Line{Minor: 4_000, Reference: "A", Details: "Внесок за " + giving.Reference(ref).String()}
	two := Line{Minor: 6_000, Reference: "B", EndToEnd: ref}
	mistyped := Line{Minor: 700, Reference: "C", Details: "RF00" + ref[4:]}
	d.came(one, two, mistyped, Line{Minor: 900, Reference: "D"})
	d.kept(10_000, 1_600, 11_600)
	if d.received(pledge) != 10_000 || d.Count("payments WHERE way = 'bank' AND state = 'paid' AND pledge_id = $1", pledge) != 2 {
		t.Error("the pledge does not know of it")
	}
	if tried := d.matchAll(); tried.Matched != 0 {
		t.Errorf("matched again: %+v", tried)
	}
	d.kept(10_000, 1_600, 11_600)
}

// More than was promised came for the campaign all the same; less leaves the rest due.
func TestMoreThanWasPromisedIsThePledges(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pledge, ref := d.promise(10_000)
	d.came(Line{Minor: 12_000, Details: ref})
	d.kept(12_000, 0, 12_000)
	if d.received(pledge) != 12_000 {
		t.Errorf("%d came of the pledge", d.received(pledge))
	}
}

// One transfer for two pledges is split by itself only when it is what both lack.
func TestOneLineForSeveralPledgesIsSplitWhenItIsExact(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, refOne := d.promise(10_000)
	two, refTwo := d.promise(2_500)
	ids := d.came(Line{Minor: 12_000, Reference: "A", Details: refOne + ", " + refTwo})
	d.kept(0, 12_000, 12_000)
	d.came(Line{Minor: 12_500, Reference: "B", Details: refOne + " " + refTwo})
	d.kept(12_500, 12_000, 24_500)
	if d.received(one) != 10_000 || d.received(two) != 2_500 {
		t.Error("the split is wrong")
	}
	split := func(ref string, minor int64) error {
		return MatchPledge(t.Context(), d.DB, d.Now, ids[0], d.Coordinator, ref, money.Of(minor, "UAH"))
	}
	if err := errors.Join(split(refOne, 7_000), split(refTwo, 4_999)); err != nil {
		t.Fatal(err)
	}
	refused(t, split(refTwo, 2), "bank.match.more_than_open")
	if err := split(refTwo, 1); err != nil {
		t.Fatal(err)
	}
	refused(t, split(refTwo, 1), "bank.match.nothing_open")
	d.kept(24_500, 0, 24_500)
}

// What a company has taken back of a promise is no longer lacking: neither is a line split by
// the promise as it was, nor is the pledge suggested for it.
func TestWhatAPledgeLacksIsWhatItsActsHaveLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, refOne := d.promise(10_000)
	two, refTwo := d.promise(2_500)
	p, err := giving.PledgeOf(t.Context(), d.DB, one, d.CompanyOwner)
	if err != nil {
		t.Fatal(err)
	}
	s, err := giving.ScheduleOf(t.Context(), d.DB, p, d.Now())
	if err != nil {
		t.Fatal(err)
	}
	err = giving.Amend(t.Context(), d.DB, d.Now, giving.Redraw{
		PledgeID: one, PersonID: d.CompanyOwner, Seen: giving.Seen(p, s), Rest: []giving.Part{{DueOn: s.Open()[0].DueOn, Minor: 6_000}}, Reason: "Бюджет змінився",
	})
	if err != nil {
		t.Fatal(err)
	}
	was := d.came(Line{Minor: 12_500, Reference: "A", Details: refOne + " " + refTwo})
	d.kept(0, 12_500, 12_500)
	d.came(Line{Minor: 8_500, Reference: "B", Details: refOne + " " + refTwo})
	d.kept(8_500, 12_500, 21_000)
	if d.received(one) != 6_000 || d.received(two) != 2_500 {
		t.Error("the split is wrong")
	}
	row, err := LineFor(t.Context(), d.DB, d.Coordinator, was[0])
	if err != nil {
		t.Fatal(err)
	}
	suggested, err := Suggestions(t.Context(), d.DB, row)
	if err != nil || len(suggested) != 2 {
		t.Fatalf("%v, %v", suggested, err)
	}
	for _, one := range suggested {
		if one.Left != 0 {
			t.Errorf("%s lacks %d", one.Reference, one.Left)
		}
	}
}

// In a joint campaign a payer may be a member of a cluster that joined it.
func TestAPayerOfAJoinedClusterIsSuggestedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.Jointly()
	var stranger string
	d.Tx(func(tx *sqlx.Tx) error {
		if err := tx.GetContext(t.Context(), &stranger, `SELECT id FROM companies WHERE slug = 'stranger'`); err != nil {
			return err
		}
		return member.Join(t.Context(), tx, stranger, other, d.Now().AddDate(0, -1, 0))
	})
	p := d.Promise(10_000)
	p.CompanyID, p.PersonID = stranger, d.Stranger
	if _, err := giving.MakePledge(t.Context(), d.DB, d.Now, p); err != nil {
		t.Fatal(err)
	}
	line := d.came(Line{Minor: 5_000, Reference: "A", Party: "ТОВ «ЧУЖИНЕЦЬ»"})
	row, err := LineFor(t.Context(), d.DB, d.Coordinator, line[0])
	if err != nil {
		t.Fatal(err)
	}
	suggested, err := Suggestions(t.Context(), d.DB, row)
	if err != nil || len(suggested) != 1 || !suggested[0].Alike || suggested[0].CompanyEN != "Stranger" {
		t.Errorf("suggested are %+v, %v", suggested, err)
	}
}

func TestMatchingByHandIsRefusedWithWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(10_000)
	line := d.came(Line{Minor: 5_000, Reference: "A"}, Line{Minor: -100, Reference: "B"})
	uah := money.Of(100, "UAH")
	for name, test := range map[string]struct {
		line, person, ref string
		amount            money.Amount
		key               string
	}{
		"no reference":     {line[0], d.Coordinator, "Ганок", uah, "bank.match.reference"},
		"two references":   {line[0], d.Coordinator, ref + " " + string(giving.NewReference()), uah, "bank.match.reference"},
		"of nothing":       {line[0], d.Coordinator, string(giving.NewReference()), uah, "bank.match.no_pledge"},
		"another currency": {line[0], d.Coordinator, ref, money.Of(100, "USD"), "bank.match.line_currency"},
		"nothing":          {line[0], d.Coordinator, ref, money.Of(0, "UAH"), "money.zero"},
		"a minus":          {line[0], d.Coordinator, ref, money.Of(-5, "UAH"), "money.zero"},
		"money that left":  {line[1], d.Coordinator, ref, uah, "bank.match.nothing_open"},
		"an approver":      {line[0], d.Approver, ref, uah, "bank.role"},
		"a stranger":       {line[0], d.Stranger, ref, uah, "bank.line_unknown"},
		"no line":          {pg.NewID(), d.Coordinator, ref, uah, "bank.line_unknown"},
		"nonsense":         {"x", d.Coordinator, ref, uah, "bank.line_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, MatchPledge(t.Context(), d.DB, d.Now, test.line, test.person, test.ref, test.amount), test.key)
		})
	}
	d.kept(0, 4_900, 4_900)
}

func TestMoneyForASettledCampaignOrInAnotherCurrencyWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(10_000)
	if _, err := d.Owner.Exec(`UPDATE campaigns SET state = 'closed' WHERE id = $1`, d.Campaign); err != nil {
		t.Fatal(err)
	}
	d.came(Line{Minor: 1_000, Reference: "A", Details: ref})
	d.kept(1_000, 0, 1_000) // closed takes no new pledges, and still what was promised
	// Past the guard that settles nothing while money is free.
	if _, err := d.Owner.Exec(`SET LOCAL session_replication_role = replica; UPDATE campaigns SET state = 'settled' WHERE id = '` + d.Campaign + `'`); err != nil {
		t.Fatal(err)
	}
	line := d.came(Line{Minor: 1_000, Reference: "B", Details: ref})
	d.kept(1_000, 1_000, 2_000)
	refused(t, MatchPledge(t.Context(), d.DB, d.Now, line[0], d.Coordinator, ref, money.Of(1_000, "UAH")), "transfer.campaign_settled")

	dollars := Account{ID: pg.NewID(), ClusterID: d.Cluster, IBAN: "UA123", Currency: "USD"}
	if _, err := d.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at)
		VALUES ($1, $2, 'UA890000000000000000000000009', 'USD', 'К', 'C', 'Б', 'B', now())`, dollars.ID, d.Cluster); err != nil {
		t.Fatal(err)
	}
	dollars.IBAN = "UA890000000000000000000000009"
	_, uah := d.promiseIn("open-one")
	if _, err := d.try(dollars, "Дата;Сума;Призначення платежу\n20.11.2026;7,00;"+uah+"\n"); err != nil {
		t.Fatal(err)
	}
	d.matchAll()
	if got := d.Balance(ledger.Unmatched(d.Cluster, "USD")); got != 700 {
		t.Errorf("%d dollars are unmatched", got)
	}
}

// promiseIn is a pledge to a further campaign.
func (d *desk) promiseIn(slug string) (id, reference string) {
	d.t.Helper()
	d.AddCampaign(slug, campaign.Open)
	p := d.Promise(5_000)
	p.CampaignSlug = slug
	id, err := giving.MakePledge(d.t.Context(), d.DB, d.Now, p)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.Owner.Get(&reference, `SELECT reference FROM pledges WHERE id = $1`, id); err != nil {
		d.t.Fatal(err)
	}
	return id, reference
}

// Many at one line: no kopiyka of it is given twice.
func TestALineIsNeverGivenTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(100_000)
	line := d.came(Line{Minor: 5_000})[0]
	given := 0
	for _, err := range gatewaytest.Together(8, func(int) error {
		return MatchPledge(t.Context(), d.DB, d.Now, line, d.Coordinator, ref, money.Of(2_000, "UAH"))
	}) {
		if err == nil {
			given++
		} else if f, ok := fault.As(err); !ok || f.Key != "bank.match.more_than_open" {
			t.Error(err)
		}
	}
	if given != 2 {
		t.Errorf("given %d times", given)
	}
	d.kept(4_000, 1_000, 5_000)
}

func TestAFeeOfTheBankIsOwedByTheCluster(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.came(Line{Minor: 5_000, Reference: "A"}, Line{Minor: -100, Reference: "B", Kind: Fee}, Line{Minor: -30, Reference: "C"})
	d.kept(0, 4_970, 4_870)
	if err := MatchFee(t.Context(), d.DB, d.Now, ids[2], d.Coordinator); err != nil {
		t.Fatal(err)
	}
	refused(t, MatchFee(t.Context(), d.DB, d.Now, ids[2], d.Coordinator), "bank.match.nothing_open")
	d.kept(0, 5_000, 4_870)
	if got := d.Balance(ledger.Owed(d.Cluster, "UAH")); got != 130 {
		t.Errorf("%d is owed", got)
	}
	d.came(Line{Minor: 100, Reference: "B", Kind: Return, BookedOn: on("2026-03-05")}) // the bank gives it back
	d.kept(0, 5_000, 4_970)
	if got := d.Balance(ledger.Owed(d.Cluster, "UAH")); got != 30 {
		t.Errorf("%d is owed", got)
	}
}

func TestAPayoutArrivesOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stripe, transit := ledger.Stripe(d.Cluster, "UAH"), ledger.Transit(d.Cluster, "UAH")
	payout := func(source string, minor int64) {
		d.Tx(func(tx *sqlx.Tx) error {
			_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: source, Kind: ledger.Payout, HappenedAt: d.Now(), Actor: "stripe",
				Lines: []ledger.Line{ledger.Debit(transit, minor), ledger.Credit(stripe, minor)}})
			return err
		})
	}
	payout("stripe:po_1", 5_000)
	payout("stripe:po_2", 7_000)
	d.came(Line{Minor: 5_000, Reference: "A", Party: "Stripe Payments Europe"}, Line{Minor: 5_000, Reference: "B", Party: "STRIPE"}, Line{Minor: 6_999, Reference: "C", Party: "STRIPE"})
	if d.Balance(transit) != 7_000 {
		t.Errorf("%d is on its way", d.Balance(transit))
	}
	d.kept(0, 11_999, 16_999)
	other := d.came(Line{Minor: 7_000, Reference: "D", Party: "Невідомий", BookedOn: on("2026-03-04")})
	if err := MatchPayout(t.Context(), d.DB, d.Now, other[0], d.Coordinator); err != nil {
		t.Fatal(err)
	}
	refused(t, MatchPayout(t.Context(), d.DB, d.Now, other[0], d.Coordinator), "bank.match.no_payout")
	d.kept(0, 11_999, 23_999)
}

// What the bank takes back undoes exactly what came: the gift, its payment and the rest.
func TestAReturnUndoesExactlyWhatItReverses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pledge, ref := d.promise(3_000)
	other, otherRef := d.promise(9_000)
	ids := d.came(
		Line{Minor: 5_000, Reference: "A", EndToEnd: "E-1"},
		Line{Minor: 5_000, Reference: "B", EndToEnd: "E-2", Details: otherRef},
	)
	if err := MatchPledge(t.Context(), d.DB, d.Now, ids[0], d.Coordinator, ref, money.Of(3_000, "UAH")); err != nil {
		t.Fatal(err)
	}
	d.kept(8_000, 2_000, 10_000)
	d.came(Line{Minor: -5_000, Reference: "C", EndToEnd: "E-1", Kind: Return, BookedOn: on("2026-03-04")})
	d.kept(5_000, 0, 5_000)
	if d.received(pledge) != 0 || d.received(other) != 5_000 {
		t.Errorf("%d and %d came of the pledges", d.received(pledge), d.received(other))
	}
	if d.Count("payments WHERE state = 'returned'") != 1 || d.Count("ledger.entries WHERE kind = 'late-failure'") != 1 {
		t.Error("the payment is not returned")
	}
	// Once taken back, it cannot be taken back again, nor undone.
	d.came(Line{Minor: -5_000, Reference: "D", EndToEnd: "E-1", Kind: Return, BookedOn: on("2026-03-05")})
	d.kept(5_000, -5_000, 0)
	var match string
	if err := d.Owner.Get(&match, `SELECT id FROM line_matches WHERE line_id = $1 AND kind = 'gift'`, ids[0]); err != nil {
		t.Fatal(err)
	}
	_, err := AskUndo(t.Context(), d.DB, d.Now, match, d.Coordinator, "Помилка")
	refused(t, err, "bank.undo.returned")
}

// A return that could mean two lines waits for a person, who says which.
func TestAReturnThatIsInDoubtWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(9_000)
	ids := d.came(Line{Minor: 700, Reference: "A", Details: ref}, Line{Minor: 700, Reference: "B", Details: ref}, Line{Minor: 701, Reference: "C"},
		Line{Minor: -700, Reference: "D", Details: ref, Kind: Return, BookedOn: on("2026-03-04")})
	d.kept(1_400, 1, 1_401)
	refused(t, MatchReversal(t.Context(), d.DB, d.Now, ids[3], d.Coordinator, ids[2]), "bank.match.not_opposite")
	if err := MatchReversal(t.Context(), d.DB, d.Now, ids[3], d.Coordinator, ids[1]); err != nil {
		t.Fatal(err)
	}
	d.kept(700, 701, 1_401)
}

// Money that is gone is gone, though it was set aside: the fund owes it, and the next gift
// repays it.
func TestAReturnOfAllocatedMoneyIsAShortfall(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(9_000)
	d.came(Line{Minor: 5_000, Reference: "A", EndToEnd: "E-1", Details: ref})
	d.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: "allocation:1", Kind: ledger.Allocated, HappenedAt: d.Now(), Actor: "person:a", Approver: "person:b",
			Lines: []ledger.Line{ledger.Debit(ledger.Fund(d.Campaign, "UAH"), 4_000), ledger.Credit(ledger.Allocation("1", "UAH"), 4_000)}})
		return err
	})
	d.came(Line{Minor: -5_000, Reference: "B", EndToEnd: "E-1", Kind: Return, BookedOn: on("2026-03-04")})
	d.kept(0, 0, 0)
	if d.Shortfall() != 4_000 {
		t.Errorf("the shortfall is %d", d.Shortfall())
	}
	d.came(Line{Minor: 4_500, Reference: "C", Details: ref, BookedOn: on("2026-03-05")})
	d.kept(500, 0, 4_500)
	if d.Shortfall() != 0 {
		t.Errorf("the shortfall is %d", d.Shortfall())
	}
}

// A refund that we sent is a line that left; the bank may bring it back.
func TestARefundByTransferGoesAndComesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pledge, ref := d.promise(9_000)
	d.came(Line{Minor: 5_000, Reference: "A", Details: ref})
	var payment string
	if err := d.Owner.Get(&payment, `SELECT id FROM payments`); err != nil {
		t.Fatal(err)
	}
	out := d.came(Line{Minor: -2_000, Reference: "B", EndToEnd: "X-1", BookedOn: on("2026-03-03")}, Line{Minor: -4_000, Reference: "C", BookedOn: on("2026-03-03")})
	refused(t, MatchRefund(t.Context(), d.DB, d.Now, out[0], d.Coordinator, pg.NewID()), "payment.unknown")
	if err := MatchRefund(t.Context(), d.DB, d.Now, out[0], d.Coordinator, payment); err != nil {
		t.Fatal(err)
	}
	refused(t, MatchRefund(t.Context(), d.DB, d.Now, out[1], d.Coordinator, payment), "transfer.more_than_received")
	d.kept(3_000, -4_000, -1_000)
	if d.received(pledge) != 3_000 {
		t.Errorf("%d came of the pledge", d.received(pledge))
	}
	d.came(Line{Minor: 2_000, Reference: "D", EndToEnd: "X-1", Kind: Return, BookedOn: on("2026-03-05")})
	d.kept(5_000, -4_000, 1_000)
	if d.received(pledge) != 5_000 {
		t.Errorf("%d came of the pledge", d.received(pledge))
	}
}

// appointed is somebody new with a role in the cluster.
func (d *desk) appointed(role member.ClusterRole) (id string) {
	d.t.Helper()
	d.Tx(func(tx *sqlx.Tx) (err error) {
		if id, err = member.AddPerson(d.t.Context(), tx, d.Now(), string(role)+"@example.org", "Хтось", ""); err != nil {
			return err
		}
		return member.GiveClusterRole(d.t.Context(), tx, id, d.Cluster, role)
	})
	return id
}

func TestAMatchIsUndoneByTwoPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pledge, ref := d.promise(9_000)
	line := d.came(Line{Minor: 5_000, Details: ref})[0]
	var match string
	if err := d.Owner.Get(&match, `SELECT id FROM line_matches`); err != nil {
		t.Fatal(err)
	}
	ask := func(person, reason string) (string, error) {
		return AskUndo(t.Context(), d.DB, d.Now, match, person, reason)
	}
	for key, err := range map[string]error{
		"bank.undo.reason_missing": second(ask(d.Coordinator, "  ")), "bank.match_unknown": second(ask(d.Stranger, "Так")), "bank.undo.role_ask": second(ask(d.Approver, "Так")),
	} {
		refused(t, err, key)
	}
	refused(t, second(AskUndo(t.Context(), d.DB, d.Now, pg.NewID(), d.Coordinator, "Так")), "bank.match_unknown")
	// Who runs the cluster's people says what lines were for, and corrects nothing.
	admin, treasurer := d.appointed(member.Admin), d.appointed(member.Treasurer)
	refused(t, second(ask(admin, "Так")), "bank.undo.role_ask")
	undoing, err := ask(treasurer, "Інша компанія")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, admin), "bank.undo.role")
	refused(t, RefuseUndo(t.Context(), d.DB, d.Now, undoing, admin), "bank.undo.role")
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, treasurer), "bank.undo.own")
	if err := RefuseUndo(t.Context(), d.DB, d.Now, undoing, treasurer); err != nil { // who asked withdraws it
		t.Fatal(err)
	}
	undoing, err = ask(d.Coordinator, "Інша компанія")
	if err != nil {
		t.Fatal(err)
	}
	d.kept(5_000, 0, 5_000) // asked is not done
	refused(t, second(ask(d.Coordinator, "Ще раз")), "bank.undo.asked")
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, d.Coordinator), "bank.undo.own")
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, d.Stranger), "bank.undo.unknown")
	if err := RefuseUndo(t.Context(), d.DB, d.Now, undoing, d.Approver); err != nil {
		t.Fatal(err)
	}
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, d.Approver), "bank.undo.decided")
	if undoing, err = ask(d.Coordinator, "Справді інша компанія"); err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, err := range gatewaytest.Together(4, func(int) error { return Undo(t.Context(), d.DB, d.Now, undoing, d.Approver) }) {
		if err == nil {
			done++
		}
	}
	if done != 1 {
		t.Errorf("undone %d times", done)
	}
	d.kept(0, 5_000, 5_000)
	if d.received(pledge) != 0 || d.Count("ledger.entries WHERE kind = 'correction' AND mends IS NOT NULL") != 1 {
		t.Error("the books are not corrected")
	}
	refused(t, second(ask(d.Coordinator, "Ще раз")), "bank.undo.undone")

	_, right := d.promise(5_000)
	if err := MatchPledge(t.Context(), d.DB, d.Now, line, d.Coordinator, right, money.Of(5_000, "UAH")); err != nil {
		t.Fatal(err)
	}
	d.kept(5_000, 0, 5_000)
}

func second[A, B any](_ A, b B) B { return b }

// A correction is an act of ours, and must not take what was set aside.
func TestAMatchWhoseMoneyIsSetAsideStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, ref := d.promise(9_000)
	d.came(Line{Minor: 5_000, Details: ref})
	d.Tx(func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Entry{Source: "allocation:1", Kind: ledger.Allocated, HappenedAt: d.Now(), Actor: "person:a", Approver: "person:b",
			Lines: []ledger.Line{ledger.Debit(ledger.Fund(d.Campaign, "UAH"), 1), ledger.Credit(ledger.Allocation("1", "UAH"), 1)}})
		return err
	})
	var match string
	if err := d.Owner.Get(&match, `SELECT id FROM line_matches`); err != nil {
		t.Fatal(err)
	}
	undoing, err := AskUndo(t.Context(), d.DB, d.Now, match, d.Coordinator, "Помилка")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, Undo(t.Context(), d.DB, d.Now, undoing, d.Approver), "transfer.no_longer_free")
	d.kept(4_999, 0, 5_000)
}
