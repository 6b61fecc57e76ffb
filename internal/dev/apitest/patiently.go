package apitest

import (
	"net/http"
	"time"
)

// Patiently asks again, as Retry-After says, while the answer is a 503: on a busy machine the table's may come too late. It
// gives up after some seconds.
func Patiently(ask func() (status int)) {
	for range 20 {
		if ask() != http.StatusServiceUnavailable {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}
