package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// beyond are the statuses that no request can bring about by itself: a mistake
// of ours, and a body that does not come.
var beyond = []string{"500", "408"}

// TestContract makes every request that the description has, well and badly in
// every way that can be read off it. What comes back must be described.
func TestContract(t *testing.T) {
	d := described(t, handler(newMemory()))
	for id, o := range d.operations {
		p, promised := promises[id]
		if !promised {
			t.Errorf("%s has no promise", id)
			continue
		}
		t.Run(id, func(t *testing.T) {
			seen := map[string]bool{}
			for _, r := range slices.Concat([]request{p.good(o)}, p.refusals(o), spoilt(p, o)) {
				d.make(t, o, r)
				seen[strconv.Itoa(r.status)] = true
			}
			for status := range o.Responses {
				if !seen[status] && !slices.Contains(beyond, status) {
					t.Errorf("it is said to answer %s, and never did", status)
				}
			}
		})
	}
	for id := range promises {
		if _, ok := d.operations[id]; !ok {
			t.Errorf("%s is promised, and not described", id)
		}
	}
}

// With keys, every operation but one says 401, and answers it.
func TestContractOfKeys(t *testing.T) {
	h := keyedHandler(slog.New(slog.DiscardHandler))
	d := described(t, h, "Authorization", "Bearer "+key)
	for id, o := range d.operations {
		if id == "health" {
			continue
		}
		d.make(t, o, request{status: 401, path: promises[id].path, handler: func(*testing.T) http.Handler { return h }})
	}
	if _, has := d.operations["health"].Responses["401"]; has {
		t.Error("the health of the server is for everybody")
	}
}

// What a path does not take is a problem, too, and says what it does.
func TestContractOfMethods(t *testing.T) {
	d := described(t, handler(newMemory()))
	taken := map[string][]string{}
	for _, o := range d.operations {
		taken[o.path] = append(taken[o.path], o.method)
	}
	for path, methods := range taken {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if slices.Contains(methods, method) {
				continue
			}
			answer, text := send(handler(newMemory()), method, path, "")
			if answer.Code != 405 || !strings.Contains(answer.Header().Get("Allow"), methods[0]) {
				t.Errorf("%s %s: got %d, Allow %q", method, path, answer.Code, answer.Header().Get("Allow"))
			}
			if err := d.valid("#/components/schemas/Problem", []byte(text)); err != nil {
				t.Errorf("%s %s: %v: %s", method, path, err, text)
			}
		}
	}
}

// A document is the description that is served.
type document struct {
	operations map[string]operation
	compiler   *jsonschema.Compiler
}

type operation struct {
	path, method string

	OperationID string
	Parameters  []struct {
		Name, In string
		Schema   schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]struct {
		Content map[string]json.RawMessage
	}
}

// A schema is as much of one as requests are made from.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]schema
	Items      *schema
	Enum       []any
	Pattern    string
	MaxLength  int
	MinLength  *int
	Minimum    *int
	MaxItems   int
	MinItems   *int
}

func described(t *testing.T, h http.Handler, header ...string) document {
	t.Helper()
	answer, text := send(h, "GET", "/openapi.json", "", header...)
	if answer.Code != 200 {
		t.Fatalf("got %d: %s", answer.Code, text)
	}
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	d := document{operations: map[string]operation{}, compiler: jsonschema.NewCompiler()}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		t.Fatal(err)
	}
	for path, methods := range parts.Paths {
		for method, o := range methods {
			o.path, o.method = path, strings.ToUpper(method)
			if o.RequestBody != nil {
				for kind, content := range o.RequestBody.Content {
					if name, is := strings.CutPrefix(content.Schema.Ref, "#/components/schemas/"); is {
						content.Schema = parts.Components.Schemas[name]
						o.RequestBody.Content[kind] = content
					}
				}
			}
			d.operations[o.OperationID] = o
		}
	}
	return d
}

// valid says whether a text is as the schema at a place in the document has it.
func (d document) valid(place string, text []byte) error {
	s, err := d.compiler.Compile("openapi.json" + place)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// A request is one way to ask for an operation, and the status it must get.
type request struct {
	name       string
	path, body string
	header     []string
	status     int
	handler    func(*testing.T) http.Handler
}

// make makes a request and holds the answer against the description.
func (d document) make(t *testing.T, o operation, r request) {
	t.Helper()
	answer := ask(t, r.handler(t), o.method, r)
	about := strings.Join([]string{r.name, o.method, r.path, r.body[:min(len(r.body), 80)]}, " ")
	text := answer.Body.Bytes()
	if answer.Code != r.status {
		t.Errorf("%s: got %d, want %d: %s", about, answer.Code, r.status, text)
		return
	}
	status := strconv.Itoa(answer.Code)
	content := answer.Header().Get("Content-Type")
	if _, ok := o.Responses[status].Content[content]; !ok {
		t.Errorf("%s: %s as %q is not described: %s", about, status, content, slices.Collect(maps.Keys(o.Responses[status].Content)))
		return
	}
	place := "#/paths/" + pointer(o.path) + "/" + strings.ToLower(o.method) + "/responses/" + status + "/content/" + pointer(content) + "/schema"
	if content == "text/event-stream" {
		place, text = "#/components/schemas/Event", firstData(text)
	}
	if err := d.valid(place, text); err != nil {
		t.Errorf("%s: %v: %s", about, err, text)
	}
	if answer.Code >= 400 {
		var p Problem
		if err := json.Unmarshal(text, &p); err != nil || p.Status != answer.Code || p.Detail == "" {
			t.Errorf("%s: %v: %s", about, err, text)
		}
		if (p.Code != "") != (answer.Code == http.StatusConflict) {
			t.Errorf("%s: a refusal has a code, and nothing else has: %s", about, text)
		}
	}
}

func pointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(s)
}

// firstData is the data of the first event of a stream.
func firstData(stream []byte) []byte {
	_, after, _ := bytes.Cut(stream, []byte("data: "))
	data, _, _ := bytes.Cut(after, []byte("\n"))
	return data
}

// ask makes a request whose answer ends with its first event, if it has any.
func ask(t *testing.T, h http.Handler, method string, r request) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, method, r.path, strings.NewReader(r.body))
	req.Host = "localhost:8080"
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(r.header); i += 2 {
		req.Header.Set(r.header[i], r.header[i+1])
		if r.header[i] == "Host" {
			req.Host = r.header[i+1]
		}
	}
	w := &cutting{deadlined{httptest.NewRecorder()}, cancel}
	h.ServeHTTP(w, req)
	return w.ResponseRecorder
}

// cutting ends a stream after its first event.
type cutting struct {
	deadlined
	cut func()
}

func (c *cutting) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("event: ")) {
		c.cut()
	}
	return c.deadlined.Write(b)
}
