package metadata

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"tokensync/internal/token"
)

// errNotJSON is the error for a body that is not a JSON object.
var errNotJSON = errors.New("not a JSON object")

// maxAddress bounds a link in what is stored.
const maxAddress = 512

// parse reads a face out of a body.
func (g *Gateways) parse(body []byte) (token.Face, error) {
	top := object([]byte(strings.TrimPrefix(string(body), "\ufeff")))
	if top == nil {
		return token.Face{}, errNotJSON
	}
	return g.face(top), nil
}

// Asset reads a face out of what an index of digital assets calls an asset's content. It has no profiles.
func (c *Client) Asset(content []byte) (token.Face, error) {
	top := object(content)
	if top == nil {
		return token.Face{}, errNotJSON
	}
	face := c.gateways.face(top)
	face.URI, face.Description = text(top["json_uri"]), token.CleanText(text(object(top["metadata"])["description"]))
	return face, nil
}

// face reads a face. Creators put things in different places: the first place that has a usable value wins. What is not
// usable is left out.
func (g *Gateways) face(top map[string]json.RawMessage) token.Face {
	places := []map[string]json.RawMessage{top}
	for _, name := range []string{"extensions", "properties", "socials", "links"} {
		places = append(places, object(top[name]))
	}
	return token.Face{
		ImageURL:    g.image(places),
		Description: token.CleanText(text(top["description"])),
		Website:     link(places, page, "website", "external_url", "web", "url"),
		Twitter:     link(places, profile("https://x.com/", twitterName()), "twitter", "x", "twitter_url"),
		Telegram:    link(places, profile("https://t.me/", telegramName()), "telegram", "tg", "telegram_url"),
	}
}

// object returns the members of a JSON object; nil for anything else.
func object(raw []byte) (members map[string]json.RawMessage) {
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	return members
}

// text returns a JSON string; "" for anything else.
func text(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s)
	return strings.TrimSpace(s)
}

func link(places []map[string]json.RawMessage, usable func(string) string, names ...string) string {
	for _, name := range names {
		for _, place := range places {
			if found := usable(text(place[name])); found != "" {
				return found
			}
		}
	}
	return ""
}

// image returns the picture's https address, behind a gateway where it is a content address.
func (g *Gateways) image(places []map[string]json.RawMessage) string {
	usable := func(s string) string {
		if s == "" {
			return ""
		}
		addresses, err := g.addresses(s)
		if err != nil {
			return ""
		}
		return httpsOnly(addresses[0])
	}
	if found := link(places, usable, "image", "image_url", "icon", "logo"); found != "" {
		return found
	}
	for _, place := range places {
		var files []struct {
			URI string `json:"uri"`
		}
		if json.Unmarshal(place["files"], &files) == nil && len(files) > 0 {
			if found := usable(strings.TrimSpace(files[0].URI)); found != "" {
				return found
			}
		}
	}
	return ""
}

// page returns s if it is an https address of a host that a page may link to.
func page(s string) string {
	if !strings.Contains(s, "://") && strings.Contains(s, ".") && !strings.ContainsAny(s, " @:") {
		s = "https://" + s // creators leave it out
	}
	return httpsOnly(s)
}

// httpsOnly returns s, spelled so that it is safe inside a page's attribute, or "".
func httpsOnly(s string) string {
	u, err := url.Parse(s)
	if err != nil || check(u) != nil {
		return ""
	}
	spelled := u.String()
	if len(spelled) > maxAddress || strings.ContainsAny(spelled, "\"'<>`\\ \t\r\n") {
		return ""
	}
	return spelled
}

var (
	twitterName  = compiled(`^@?([A-Za-z0-9_]{1,15})$`)
	telegramName = compiled(`^@?([A-Za-z0-9_]{5,32})$`)
)

// profile takes an address, or a bare name that goes after base.
func profile(base string, name *regexp.Regexp) func(string) string {
	return func(s string) string {
		if m := name.FindStringSubmatch(s); m != nil {
			return base + m[1]
		}
		return page(s)
	}
}
