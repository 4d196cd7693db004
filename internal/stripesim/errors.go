package stripesim

import (
	"fmt"
	"net/http"
)

// apiError is an error as Stripe tells it.
type apiError struct {
	status  int
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.Type, e.Message) }

func badRequest(code, param, message string) *apiError {
	return &apiError{http.StatusBadRequest, "invalid_request_error", code, message, param}
}

func noSuch(object, id, param string) *apiError {
	return &apiError{http.StatusNotFound, "invalid_request_error", "resource_missing", fmt.Sprintf("No such %s: '%s'", object, id), param}
}

func refused(status int, kind, message string) *apiError {
	return &apiError{status: status, Type: kind, Message: message}
}
