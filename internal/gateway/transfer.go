package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

// TakesTransfers reports whether companies can pay in a currency by transfer to an account
// that Stripe keeps for them.
func (g *Gateway) TakesTransfers(c money.Currency) bool {
	return slices.Contains(g.config.Methods, transferMethod) && onlyIn[transferMethod][c]
}

// transferCountry is where the accounts for euros are.
const transferCountry = "DE"

// Transfer starts a payment by bank transfer. The answer says where to send the money and
// what to write on it; a second call says the same. Nothing is received before all of it
// has arrived.
func (g *Gateway) Transfer(ctx context.Context, o Order) (giving.Payment, error) {
	if !g.TakesTransfers(o.Amount.Currency) {
		return giving.Payment{}, fault.New(fault.Conflict, "payment.no_transfers", string(o.Amount.Currency))
	}
	if err := CheckAmount(o.Amount); err != nil {
		return giving.Payment{}, err
	}
	payment, err := g.start(ctx, o, giving.ByTransfer)
	if err != nil || payment.IntentID != "" {
		return payment, err
	}
	intent, err := g.openTransfer(ctx, payment)
	if err != nil {
		return payment, g.notOpened(ctx, payment, err)
	}
	if err := g.sync(ctx, payment.ID, refs{intent: intent.ID}); err != nil {
		return payment, g.forPayer(payment.ID, err)
	}
	return giving.PaymentOf(ctx, g.db, payment.ID, o.PersonID)
}

// openTransfer asks Stripe for the account. All that is sent follows from rows that do not
// change, so that the same key always comes with the same parameters.
func (g *Gateway) openTransfer(ctx context.Context, p giving.Payment) (*stripe.PaymentIntent, error) {
	charge := p.Charge()
	units, err := toStripe(charge)
	if err != nil {
		return nil, err
	}
	customer, err := g.customer(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	kind := &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferParams{Type: stripe.String("us_bank_transfer")}
	if charge.Currency == "EUR" {
		kind.Type = stripe.String("eu_bank_transfer")
		kind.EUBankTransfer = &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: stripe.String(transferCountry)}
	}
	params := &stripe.PaymentIntentParams{
		Amount: &units, Currency: stripe.String(strings.ToLower(string(charge.Currency))), Customer: &customer.ID, Confirm: stripe.Bool(true),
		Description: &p.Title, Metadata: metadata(p),
		PaymentMethodTypes: stripe.StringSlice([]string{transferMethod}),
		PaymentMethodData:  &stripe.PaymentIntentPaymentMethodDataParams{Type: stripe.String(transferMethod)},
		PaymentMethodOptions: &stripe.PaymentIntentPaymentMethodOptionsParams{
			CustomerBalance: &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceParams{FundingType: stripe.String("bank_transfer"), BankTransfer: kind},
		},
	}
	params.Context = ctx
	params.SetIdempotencyKey(p.IdempotencyKey)
	intent, err := g.api.PaymentIntents.New(params)
	if err != nil {
		return nil, stripeErr("ask for an account to transfer to", err)
	}
	if intent.Livemode != g.config.live() {
		return nil, errors.New("ask for an account to transfer to: its mode is not this deployment's")
	}
	return intent, nil
}

// metadata lets an event find the payment, also when the answer to us was lost.
func metadata(p giving.Payment) map[string]string {
	return map[string]string{"payment_id": p.ID, "pledge_id": p.PledgeID, "campaign_id": p.CampaignID}
}

func (g *Gateway) transferFacts(ctx context.Context, p giving.Payment, id string) (giving.Facts, error) {
	intent, err := g.intent(ctx, id)
	if err != nil {
		return giving.Facts{}, err
	}
	if intent.Metadata["payment_id"] != p.ID {
		return giving.Facts{}, errOtherPayment
	}
	facts := giving.Facts{ReadAt: g.now(), Transfer: &giving.Funding{}}
	state := giving.Open
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded:
		state = giving.Paid
	case stripe.PaymentIntentStatusProcessing:
		state = giving.Processing
	case stripe.PaymentIntentStatusCanceled:
		state = giving.Expired
	case stripe.PaymentIntentStatusRequiresAction:
		state = giving.AwaitingFunds
	}
	if a := intent.NextAction; a != nil && a.DisplayBankTransferInstructions != nil {
		facts.Transfer = transferOf(a.DisplayBankTransferInstructions)
	}
	return g.addIntent(ctx, facts, intent, state)
}

func transferOf(i *stripe.PaymentIntentNextActionDisplayBankTransferInstructions) *giving.Funding {
	t := &giving.Funding{Remaining: amount(i.AmountRemaining, i.Currency).Minor, To: giving.TransferTo{Reference: i.Reference}}
	for _, a := range i.FinancialAddresses {
		switch {
		case a.IBAN != nil:
			t.To.Holder, t.To.IBAN, t.To.BIC = a.IBAN.AccountHolderName, a.IBAN.IBAN, a.IBAN.BIC
		case a.ABA != nil:
			t.To.Bank, t.To.Account, t.To.Routing = a.ABA.BankName, a.ABA.AccountNumber, a.ABA.RoutingNumber
		}
	}
	return t
}

// closeTransfer stops waiting for a transfer of which nothing has arrived. What is under
// way may arrive all the same: it stays the company's at Stripe, for its next transfer.
func (g *Gateway) closeTransfer(ctx context.Context, p giving.Payment) error {
	if p.IntentID == "" {
		intent, err := g.openTransfer(ctx, p)
		if status(err) == http.StatusBadRequest {
			return giving.Abandon(ctx, g.db, p.ID)
		}
		if err != nil {
			return err
		}
		p.IntentID = intent.ID
	}
	intent, err := g.intent(ctx, p.IntentID)
	if err != nil {
		return err
	}
	if a := intent.NextAction; a != nil && a.DisplayBankTransferInstructions != nil && a.DisplayBankTransferInstructions.AmountRemaining < intent.Amount {
		return fault.New(fault.Conflict, "payment.transfer_under_way", fromStripe(a.DisplayBankTransferInstructions.AmountRemaining, p.Charge().Currency))
	}
	params := &stripe.PaymentIntentCancelParams{}
	params.Context = ctx
	if _, err := g.api.PaymentIntents.Cancel(p.IntentID, params); err != nil {
		err = stripeErr("stop waiting for a transfer", err)
		if status(err) != http.StatusBadRequest { // 400: it has arrived meanwhile
			return err
		}
	}
	return g.sync(ctx, p.ID, refs{intent: p.IntentID})
}
