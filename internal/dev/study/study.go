// Package study chooses how much of a randomized test to do: a little in make test, much in make studies.
package study

import "os"

// Variable asks for much when it is set.
const Variable = "STUDY"

// Size returns little, or much in a study.
func Size(little, much int) int {
	if os.Getenv(Variable) == "" {
		return little
	}
	return much
}
