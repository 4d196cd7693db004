package gateway

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"kopiyka/internal/giving"
	"kopiyka/internal/money"
)

// customer is the payer of a payment as Stripe knows it. Stripe is told of a company when
// it first pays by a way that needs to know who pays; a lost answer is asked for again.
func (g *Gateway) customer(ctx context.Context, payment string) (giving.Customer, error) {
	c, err := giving.CustomerOf(ctx, g.db, payment)
	if err != nil || c.ID != "" {
		return c, err
	}
	params := &stripe.CustomerParams{Name: &c.Name, Email: &c.Email, Metadata: map[string]string{"company_id": c.CompanyID}}
	params.Context = ctx
	params.SetIdempotencyKey("customer-" + payment)
	made, err := g.api.Customers.New(params)
	if err != nil {
		return c, stripeErr("tell who pays", err)
	}
	c.ID, err = giving.KeepCustomer(ctx, g.db, g.now(), c.CompanyID, made.ID)
	return c, err
}

// syncCash takes over what a company has at Stripe beyond its payments. It is no money of
// ours and in no books.
func (g *Gateway) syncCash(ctx context.Context, customer string) error {
	if known, err := giving.KnowsCustomer(ctx, g.db, customer); !known || err != nil {
		return err
	}
	params := &stripe.CashBalanceParams{Customer: &customer}
	params.Context = ctx
	balance, err := g.api.CashBalances.Get(params)
	if err != nil {
		return stripeErr("read a customer's cash", err)
	}
	var cash []money.Amount
	for currency, units := range balance.Available {
		cash = append(cash, fromStripe(units, money.Currency(strings.ToUpper(currency))))
	}
	keeper, err := g.keeper(ctx)
	if err != nil {
		return err
	}
	if err := giving.KeepCash(ctx, g.db, g.now(), keeper, customer, cash); err != nil {
		return fmt.Errorf("sync the cash of %s: %w", customer, err)
	}
	return nil
}
