package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/fault"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 64 << 10

func errTooLarge() error {
	return fault.New(fault.Invalid, fault.CodeTooLarge, "the body has more than 64 KiB")
}

// readBody returns the body of a JSON request.
func readBody(c echo.Context) ([]byte, error) {
	r := c.Request()
	if given := r.Header.Get("Content-Type"); given != "" {
		if mediaType, _, err := mime.ParseMediaType(given); err != nil || mediaType != "application/json" {
			return nil, fault.New(fault.Invalid, fault.CodeUnsupportedMediaType, "send the body as Content-Type: application/json")
		}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.Invalid, fault.CodeUnsupportedMediaType, "send the body without a Content-Encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, r.Body, maxBody))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, errTooLarge()
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeBadJSON, "the body broke off")
	}
	return body, nil
}

// decode reads one JSON document. It refuses unknown fields, names in another
// case, names that stand twice, broken UTF-8, and text behind the document.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return badJSON(err)
	}
	field := fieldOf(semantic.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return fault.New(fault.Invalid, fault.CodeUnknownField, "there is no field %q here", field).In(field)
	case field == "":
		return fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue, "the body must be a JSON object")
	}
	f := fault.Wrap(err, fault.Invalid, fault.CodeInvalidValue, field+" has a value of the wrong type or form")
	return f.In(field)
}

func badJSON(err error) error {
	f := fault.Wrap(err, fault.Invalid, fault.CodeBadJSON, "the body is not one JSON document")
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		f.Message += "; see byte " + strconv.FormatInt(syntax.ByteOffset, 10)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			f.Message = "a name stands twice in an object of the body"
		}
	}
	return f
}

// fieldOf returns a JSON pointer as clients read paths: options.maxPosts, urls[3].
func fieldOf(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		_, err := strconv.ParseUint(token, 10, 32)
		switch {
		case b.Len() == 0:
			b.WriteString(token)
		case err == nil:
			b.WriteString("[" + token + "]")
		default:
			b.WriteString("." + token)
		}
	}
	return shortened(b.String())
}

var jsonType = []string{"application/json"}

// answer writes a document.
func answer(c echo.Context, status int, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return answerBytes(c, status, body)
}

func answerBytes(c echo.Context, status int, body []byte) error {
	h := c.Response().Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Response().WriteHeader(status)
	_, err := c.Response().Write(body)
	return err
}
