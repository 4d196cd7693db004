package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"kopiyka/internal/stripesim"
)

// The main job under everything that a network, a processor and a power switch can do to
// it. Two hundred companies' payments go through the real server, which is a process of
// its own and is killed half-way; a quarter of the sandbox's events is never delivered,
// almost a third comes twice, they change places, answers of the API are lost, some calls
// fail. Then money goes back in every way that there is: refunds of ours and of the
// dashboard's, some of which fail, disputes won, lost and won in part, debits returned weeks
// later, fees out of nowhere; and it is paid out. After healing, the books are the sandbox's
// own, to the cent, and every payout is proven.
func TestChaosEndsInTheSandboxsBooks(t *testing.T) {
	for i, seed := range []uint64{1, 20200325, 0xC0FFEE, 1991, 45} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			chaos(t, program(t, i > 0), seed, 200) // the first seed's server looks for races, the others hurry
		})
	}
}

// payers work side by side.
const payers = 6

func chaos(t *testing.T, program string, seed uint64, pledges int) {
	t.Logf("seed %d", seed)
	s := openScene(t, program)
	if err := s.sim.SetFaults(stripesim.Faults{Seed: seed, Drop: .25, Duplicate: .30, Twin: .05, Reorder: .20, LoseAnswer: .08, ServerError: .04}); err != nil {
		t.Fatal(err)
	}
	s.startServer()

	next := make(chan int)
	var all sync.WaitGroup
	for range payers {
		all.Go(func() {
			p := s.newPayer()
			for i := range next {
				p.give(rand.New(rand.NewPCG(seed, uint64(i))))
			}
		})
	}
	for i := range pledges {
		if i == pledges/2 {
			s.killServer() // with pledges, payments and events in every stage
			s.startServer()
		}
		next <- i
	}
	close(next)
	all.Wait()

	s.untilHeard()
	s.payElsewhere(rand.New(rand.NewPCG(seed, 96)))
	s.endDebits(rand.New(rand.NewPCG(seed, 99)))
	s.untilHeard()
	s.goBack(rand.New(rand.NewPCG(seed, 98)))
	s.payOut(rand.New(rand.NewPCG(seed, 97)))
	if err := s.sim.SetFaults(stripesim.Faults{}); err != nil {
		t.Fatal(err)
	}
	s.run("heal")
	s.untilQuiet()
	s.compare()

	before := s.entries()
	s.run("heal")
	s.untilQuiet()
	if after := s.entries(); after != before {
		t.Errorf("healing twice made %d entries out of %d", after, before)
	}
	if out := s.run("verify"); !strings.Contains(out, "the books are whole") {
		t.Errorf("verify said %q", out)
	}
	s.stopServer()
}
