package dbc

import (
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// learned is what a scan knows beside the pools that it reads.
type learned struct {
	started   time.Time
	ranks     map[solana.Key]int // of claims, by their key
	configs   map[solana.Key]*config
	terms     map[config]*config // configs by what they say
	quotes    map[solana.Key]quote
	newQuotes []solana.Key                // whose decimals are to be looked up
	prices    map[solana.Key]token.Number // of quotes, in US dollars
	// launchedUSD has the prices of quotes that were launched here, as far as this scan has come.
	launchedUSD map[solana.Key]token.Number
	classes     map[token.Product]*class
	oddities    map[string]*oddity
	slots       slotTimes
	turn        turn
	lookedUp    int // accounts, for names and supplies
}

func newLearned(session *solana.Session) learned {
	return learned{
		started: time.Now(),
		ranks:   map[solana.Key]int{}, configs: map[solana.Key]*config{}, terms: map[config]*config{},
		quotes: map[solana.Key]quote{}, prices: map[solana.Key]token.Number{}, launchedUSD: map[solana.Key]token.Number{},
		classes: map[token.Product]*class{}, oddities: map[string]*oddity{},
		slots: slotTimes{ask: session, known: map[int64]int64{}, learned: map[string]any{}},
	}
}

// finish does what is left when all pools have been handed out.
func (s *scan) finish() {
	if err := s.takeTurn(); err != nil {
		s.note(err)
	}
	s.noteOddities()
	left := s.view
	s.now.view = &left
	s.source.last.Store(s.now)
}
