package fakeapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// controlBase is where a test in another process programs the fakes:
//
//	GET    /_fakeapi/health           200 as soon as the server answers
//	POST   /_fakeapi/rules            a Rule, or an array of them
//	DELETE /_fakeapi/rules            no more faults
//	GET    /_fakeapi/calls?after=SEQ  {"calls":[…],"maxInFlight":{…}}
//	DELETE /_fakeapi/calls            forget them
const controlBase = "/_fakeapi/"

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, controlBase) {
	case "GET health":
		send(w, jsonAnswer(http.StatusOK, map[string]string{"status": "ok"}))
	case "POST rules":
		s.postRules(w, r)
	case "DELETE rules":
		s.ClearRules()
		w.WriteHeader(http.StatusNoContent)
	case "GET calls":
		s.getCalls(w, r)
	case "DELETE calls":
		s.ForgetCalls()
		w.WriteHeader(http.StatusNoContent)
	default:
		send(w, jsonAnswer(http.StatusNotFound, map[string]string{"detail": "no such control path"}))
	}
}

func (s *Server) postRules(w http.ResponseWriter, r *http.Request) {
	rules, err := readRules(http.MaxBytesReader(w, r.Body, maxBody))
	for _, rule := range rules {
		err = errors.Join(err, rule.validate())
	}
	if err != nil {
		send(w, jsonAnswer(http.StatusBadRequest, map[string]string{"detail": err.Error()}))
		return
	}
	s.Inject(rules...)
	w.WriteHeader(http.StatusNoContent)
}

func readRules(body io.Reader) ([]Rule, error) {
	var raw json.RawMessage
	if err := json.NewDecoder(body).Decode(&raw); err != nil {
		return nil, err
	}
	if raw[0] != '[' {
		raw = append(append(json.RawMessage{'['}, raw...), ']')
	}
	var rules []Rule
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&rules)
	return rules, err
}

// callList is the document of GET /_fakeapi/calls.
type callList struct {
	Calls       []Call          `json:"calls"`
	MaxInFlight map[Service]int `json:"maxInFlight"`
}

func (s *Server) getCalls(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // anything else means all
	body := callList{Calls: []Call{}, MaxInFlight: map[Service]int{}}
	for _, c := range s.Calls() {
		if c.Seq > after {
			body.Calls = append(body.Calls, c)
		}
	}
	for _, m := range s.mounts {
		body.MaxInFlight[m.service] = s.MaxInFlight(m.service)
	}
	send(w, jsonAnswer(http.StatusOK, body))
}
