// Package console holds the tests of the console in a browser: a person's path
// through a whole Soundings, and what axe-core says of each page.
package console
