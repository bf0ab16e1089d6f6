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
//	POST   /_fakeapi/oauth/expire     access tokens run out; ?account=NAME, repeated, or all
//	POST   /_fakeapi/oauth/kill       refresh tokens die; likewise
//	PUT    /_fakeapi/oauth/consent    a Consent for every authorization request
//	DELETE /_fakeapi/oauth/consent    show the page again
//	POST   /_fakeapi/oauth/redirects  {"uri":"http://…"} is accepted, too
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
	case "POST oauth/expire":
		s.ExpireTokens(r.URL.Query()["account"]...)
		w.WriteHeader(http.StatusNoContent)
	case "POST oauth/kill":
		s.KillRefreshTokens(r.URL.Query()["account"]...)
		w.WriteHeader(http.StatusNoContent)
	case "PUT oauth/consent":
		putDocument(w, r, func(c Consent) { s.SetConsent(&c) })
	case "DELETE oauth/consent":
		s.SetConsent(nil)
		w.WriteHeader(http.StatusNoContent)
	case "POST oauth/redirects":
		putDocument(w, r, func(d redirectDocument) { s.AllowRedirect(d.URI) })
	default:
		send(w, jsonAnswer(http.StatusNotFound, map[string]string{"detail": "no such control path"}))
	}
}

// redirectDocument is the body of POST /_fakeapi/oauth/redirects.
type redirectDocument struct {
	URI string `json:"uri"`
}

// putDocument hands a body over whose fields are all known.
func putDocument[T any](w http.ResponseWriter, r *http.Request, use func(T)) {
	var document T
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		send(w, jsonAnswer(http.StatusBadRequest, map[string]string{"detail": err.Error()}))
		return
	}
	use(document)
	w.WriteHeader(http.StatusNoContent)
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
