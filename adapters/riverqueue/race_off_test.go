//go:build !race

package riverqueue_test

// underRace tells that the race detector is at work. It slows SQLite, which is
// C turned into Go, by a factor of 15.
const underRace = false
