package fakeapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"
)

const (
	// maxTexts and maxRunes are the limits of both services; beyond them is 422.
	maxTexts = 100
	maxRunes = 10_000
)

// batchAnswer is what both services answer, with results of their own kind.
type batchAnswer[R any] struct {
	Results []R    `json:"results"`
	Model   string `json:"model,omitempty"`
}

// fault is what a FastAPI service says when it fails.
func fault(r Rule) answer {
	status := cmp.Or(r.Status, http.StatusInternalServerError)
	return jsonAnswer(status, map[string]string{"detail": http.StatusText(status)})
}

var scoreField = regexp.MustCompile(`"score":[-0-9.e]+`)

// spoiledAnswer renders results and works the effects that both services know.
func spoiledAnswer[R any](results []R, model string, effect Effect) answer {
	switch effect {
	case WrongLength:
		results = results[:max(len(results)-1, 0)]
	case WrongOrder:
		slices.Reverse(results)
	case NoModel:
		model = ""
	}
	a := jsonAnswer(http.StatusOK, batchAnswer[R]{Results: results, Model: model})
	switch effect {
	case NotANumber:
		a.body = scoreField.ReplaceAll(a.body, []byte(`"score":NaN`))
	case OutOfRange:
		a.body = scoreField.ReplaceAll(a.body, []byte(`"score":7`))
	}
	return a
}

// route answers GET /health and leads POST /name on to the service's handler.
func route(r *http.Request, path, name string, post func() answer) answer {
	switch {
	case path == "health" && r.Method == http.MethodGet:
		return jsonAnswer(http.StatusOK, map[string]string{"status": "ok"})
	case path == name && r.Method == http.MethodPost:
		return post()
	case path == name || path == "health":
		return jsonAnswer(http.StatusMethodNotAllowed, map[string]string{"detail": "Method Not Allowed"})
	default:
		return jsonAnswer(http.StatusNotFound, map[string]string{"detail": "Not Found"})
	}
}

// read decodes a batch; anything that is not one is 422, as FastAPI has it.
func read(r *http.Request, batch any) *answer {
	if err := json.NewDecoder(r.Body).Decode(batch); err != nil {
		a := refused("body", "JSON decode error: "+err.Error())
		return &a
	}
	return nil
}

// refused is a 422 with FastAPI's shape.
func refused(field, message string) answer {
	return jsonAnswer(http.StatusUnprocessableEntity, map[string]any{
		"detail": []map[string]any{{"loc": []string{"body", field}, "msg": message, "type": "value_error"}},
	})
}

// overLimit returns the refusal of a batch that is too large, or nil.
func overLimit(field string, texts []string) *answer {
	message := ""
	switch {
	case len(texts) > maxTexts:
		message = fmt.Sprintf("at most %d texts", maxTexts)
	case slices.ContainsFunc(texts, func(t string) bool { return utf8.RuneCountInString(t) > maxRunes }):
		message = fmt.Sprintf("at most %d characters a text", maxRunes)
	default:
		return nil
	}
	a := refused(field, message)
	return &a
}
