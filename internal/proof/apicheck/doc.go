// Package apicheck tests the API, as the real binaries serve it, with schemathesis and a TypeScript client.
//
// Its tests need those tools and have the build tag apicheck: make check-api installs and runs them.
package apicheck
