package fakeapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// answer is what a platform says to a request. Platforms only make answers;
// the server sends them, and faults are worked on them on the way.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// pages holds the buffers of rendered pages, about 100 kB each, from one
// answer to the next: a collector that runs for them would walk all comments.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// borrow returns an empty buffer; giveBack takes it when nothing refers to it.
func borrow() []byte { return (*pages.Get().(*[]byte))[:0] }

func giveBack(b []byte) { pages.Put(&b) }

// jsonAnswer returns v as JSON. Every v is a value of this package's own
// types, so that a failure to marshal is a mistake of the fake's.
func jsonAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic("fakeapi: " + err.Error())
	}
	return rawAnswer(status, body)
}

func rawAnswer(status int, body []byte) answer {
	return answer{status: status, body: body, header: http.Header{
		"Content-Type": {"application/json; charset=UTF-8"},
	}}
}

// htmlAnswer is what a load balancer says in a platform's stead.
func htmlAnswer(status int) answer {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	return answer{
		status: status,
		header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		body:   []byte("<!DOCTYPE html>\n<html lang=en>\n<title>" + text + "</title>\n<p><b>" + text + ".</b> <ins>That’s all we know.</ins>\n"),
	}
}
