package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// describeErrors adds to every operation the errors that it shares with others,
// and their common schema.
func describeErrors(document *huma.OpenAPI, keyed bool) {
	const ours = "Problem"
	components := document.Components
	schema := components.Schemas.Schema(reflect.TypeFor[Problem](), true, ours)
	delete(components.Schemas.Map(), "ErrorModel")
	if keyed {
		components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {
			Type: "http", Scheme: "bearer", Description: "A key of the server's configuration.",
		}}
		document.Security = []map[string][]string{{"key": {}}}
	}
	for path, item := range document.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if o == nil {
				continue
			}
			if path == healthPath {
				o.Security = []map[string][]string{} // none, whatever is so elsewhere
			}
			delete(o.Responses, "default")
			for _, status := range slices.Concat(o.Errors, sharedErrors(o, keyed && path != healthPath)) {
				o.Responses[strconv.Itoa(status)] = &huma.Response{
					Description: http.StatusText(status),
					Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
				}
			}
		}
	}
}

// sharedErrors are those that operations do not have of their own.
func sharedErrors(o *huma.Operation, keyed bool) []int {
	// A query parameter that is not known is an error where none is known, too.
	shared := []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusInternalServerError}
	if keyed {
		shared = append(shared, http.StatusUnauthorized)
	}
	if o.RequestBody != nil {
		shared = append(shared, http.StatusBadRequest, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusRequestTimeout)
	}
	return shared
}

// describeRepeat describes that a repeated request gets the same answer as the
// first.
func describeRepeat(o *huma.Operation) {
	repeat := *o.Responses[strconv.Itoa(http.StatusCreated)]
	repeat.Description = "The transfer that has this key already"
	o.Responses[strconv.Itoa(http.StatusOK)] = &repeat
}
