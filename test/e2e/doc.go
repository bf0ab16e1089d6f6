// Package e2e tests Soundings from outside: over HTTP and the command line,
// against the fake platforms, in the four set-ups that it is run in.
package e2e
