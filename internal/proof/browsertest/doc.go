// Package browsertest opens the operator's page in headless Chromium, on the real stack with real runs in it.
//
// Its test needs the browser and has the build tag browsertest: make browser-test installs and runs it.
package browsertest
