// Package repotest holds tests of the repository itself: which package may reach which, how long functions are, and
// that the template, the events and the code agree.
package repotest
