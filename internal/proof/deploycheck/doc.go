// Package deploycheck checks template.yaml with AWS's own tools, and against the code that it deploys.
//
// Its tests need those tools and have the build tag deploycheck: make check-template installs and runs them.
package deploycheck
