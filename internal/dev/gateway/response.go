package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// response is a function's response in payload 2.0.
type response struct {
	StatusCode      int            `json:"statusCode"`
	Headers         map[string]any `json:"headers"`
	Body            string         `json:"body"`
	IsBase64Encoded bool           `json:"isBase64Encoded"`
	Cookies         []string       `json:"cookies"`
}

// writeResponse follows API Gateway's rules: without a statusCode the whole payload is a JSON body; an unreadable one is
// a 500.
func writeResponse(w http.ResponseWriter, payload []byte) {
	answer, err := parseResponse(payload)
	if err != nil {
		message(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
			message(w, http.StatusInternalServerError, "Internal Server Error")
			return
		}
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, fmt.Sprint(value))
	}
	for _, cookie := range answer.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	if w.Header().Get("Content-Type") == "" && len(body) > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body)
}

func parseResponse(payload []byte) (response, error) {
	if !json.Valid(payload) {
		return response{}, fmt.Errorf("the function's response is not JSON")
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(payload, &fields) // a text or a number has none
	if fields["statusCode"] == nil {
		return response{
			StatusCode: http.StatusOK, Body: string(payload), Headers: map[string]any{"Content-Type": "application/json"},
		}, nil
	}
	var answer response
	if err := json.Unmarshal(payload, &answer); err != nil {
		return response{}, err
	}
	if answer.StatusCode < 100 || answer.StatusCode > 599 {
		return response{}, fmt.Errorf("statusCode %d", answer.StatusCode)
	}
	return answer, nil
}
