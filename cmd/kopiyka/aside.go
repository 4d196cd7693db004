//go:build !production

package main

// aside are the verbs that no installation needs: they play the bank, Stripe and the mail
// server. A build with the tag production has none of what stands behind them.
type aside struct {
	Demo    demoCommand    `cmd:"" help:"Serve a demonstration: own database, sandbox, a loaded campaign."`
	Sandbox sandboxCommand `cmd:"" help:"Run the Stripe sandbox alone."`
}
