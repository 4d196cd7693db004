//go:build production

package main

// aside is empty in what serves people's money.
type aside struct{}
