package upstream

import (
	"fmt"
	"net/url"
)

// ParseURL parses an absolute http or https URL. Its error shows the text: do not use it for one that holds a key.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https URL", text)
	}
	return u, nil
}
