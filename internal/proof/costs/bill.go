package main

import (
	"math"
	"time"
)

// Prices in US dollars of us-east-1, November 2026, without free tiers. Other regions and days have others.
const (
	perGBSecond      = 0.0000133334 // Lambda, arm64
	perInvocation    = 0.20 / 1e6
	perWriteUnit     = 0.625 / 1e6 // DynamoDB, on demand
	perReadUnit      = 0.125 / 1e6
	perScheduledTick = 1.00 / 1e6 // EventBridge Scheduler
)

// cpuMemoryMB is the memory that comes with one whole vCPU in Lambda, by its documentation; less gets a share of it.
const cpuMemoryMB = 1769

// requestsPerSecond is the pace at which the sync asks DLMM.
const requestsPerSecond = 27

const month = 730 * time.Hour

// Schedule is how often runs start; 0 means never.
type Schedule struct{ Refresh, Full time.Duration }

// pointEvery is how often a point of all tokens is kept, where runs are as frequent.
const pointEvery = 5 * time.Minute

// anchorsEvery is how often the markets' anchors are set.
const anchorsEvery = time.Hour

// Points returns what the points of a month cost to write. Reading them is for those who read.
func (l Launchpad) Points() float64 { return written(l.Point, pointEvery) }

// Rolls returns what the rolls of a month cost to write that take some units an hour.
func Rolls(unitsPerHour float64) float64 {
	return float64(month/time.Hour) * unitsPerHour * perWriteUnit
}

// ByAnchors returns what the anchors of a month cost to write.
func (l Launchpad) ByAnchors() float64 { return written(int64(l.Anchors), anchorsEvery) }

// written returns what some bytes cost a month that are written each time.
func written(bytes int64, every time.Duration) float64 {
	return float64(month) / float64(every) * math.Ceil(float64(bytes)/1024) * perWriteUnit
}

// Bill is a month of syncs in US dollars.
type Bill struct{ Lambda, Writes, Reads, Scheduler float64 }

// Total returns the sum of the bill.
func (b Bill) Total() float64 { return b.Lambda + b.Writes + b.Reads + b.Scheduler }

// Month returns what a launchpad's syncs cost a month on a schedule, in a function with memoryMB.
func (l Launchpad) Month(s Schedule, memoryMB int) Bill {
	var b Bill
	b.add(l.Refresh, s.Refresh, memoryMB)
	b.add(l.Full, s.Full, memoryMB)
	b.Writes += l.Points() + Rolls(l.Asleep) + l.ByAnchors()
	return b
}

func (b *Bill) add(u Usage, every time.Duration, memoryMB int) {
	if every == 0 {
		return
	}
	runs := float64(month) / float64(every)
	b.Lambda += runs * (perInvocation + perGBSecond*float64(memoryMB)/1024*u.Seconds(memoryMB))
	b.Writes += runs * u.Units.Write * perWriteUnit
	b.Reads += runs * u.Units.Read * perReadUnit
	b.Scheduler += runs * perScheduledTick
}

// Seconds returns how long a run takes in Lambda: as long as Meteora's rate limit makes it wait, or as its share of a CPU
// needs, whichever is longer.
func (u Usage) Seconds(memoryMB int) float64 {
	return max(float64(u.Requests)/requestsPerSecond, u.CPU.Seconds()*cpuMemoryMB/float64(memoryMB))
}
