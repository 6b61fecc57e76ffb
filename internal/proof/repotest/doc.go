// Package repotest tests the repository itself: which package may reach which, how long functions are, how it reads, and
// that the template, the events and the code agree.
package repotest
