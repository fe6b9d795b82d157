package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// ctiInput has the members of requests that the service reads.
type ctiInput struct {
	ContactID    string
	ConnectionID string
	Endpoint     Endpoint
	NextToken    string
	Timeout      int64 // ms
}

// serveCTI serves AmazonConnectCTIService: one operation by the header X-Amz-Target, in
// JSON 1.0, with times in seconds.
func (s *Service) serveCTI(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in ctiInput
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || operation == "" {
		answer(w, http.StatusBadRequest, object{"__type": "SerializationException", "message": "not a request"})
		return
	}
	out, err := s.cti(r.Context(), operation, in)
	refused := new(refusal)
	switch {
	case errors.Is(err, errSwallowed):
		<-r.Context().Done()
	case errors.As(err, &refused):
		answer(w, http.StatusBadRequest, object{"__type": refused.kind, "message": refused.text})
	default:
		answer(w, http.StatusOK, out)
	}
}

func answer(w http.ResponseWriter, status int, out object) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // a worker that is gone
}

func (s *Service) cti(ctx context.Context, operation string, in ctiInput) (object, error) {
	switch operation {
	case "CreateTransport":
		expiry := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		return object{"webSocketTransport": object{"url": s.socket, "transportLifeTimeInSeconds": 3600, "expiry": expiry}}, nil
	case "GetAgentSnapshot":
		return s.poll(ctx, in), nil
	case "GetAgentConfiguration":
		return object{"configuration": configuration}, nil
	case "GetAgentPermissions":
		return object{"permissions": permissions}, nil
	case "GetAgentStates":
		return object{"states": states}, nil
	case "GetDialableCountryCodes":
		return object{"countryCodes": countries}, nil
	case "GetRoutingProfileQueues":
		return object{"queues": queues}, nil
	case "GetEndpoints":
		return object{"endpoints": []Endpoint{Cardiology, Ben}}, nil
	case "SendClientLogs", "SendSoftphoneCallMetrics", "SendSoftphoneCallReport":
		return object{}, nil
	}
	method := strings.ToLower(operation[:1]) + operation[1:]
	_, err := s.begin(request{method, in.ContactID, in.ConnectionID, in.Endpoint})(ctx)
	return object{}, err
}

// poll returns the snapshot when it is another than the worker has, or after the time
// that the worker wants to wait.
func (s *Service) poll(ctx context.Context, in ctiInput) object {
	known, err := strconv.Atoi(in.NextToken)
	if err != nil {
		known = -1
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Timeout)*time.Millisecond)
	defer cancel()
	_ = s.await(ctx, func() bool { return s.changes != known }) // then nothing has changed
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.update()
	return object{"snapshot": now.snapshot, "nextToken": strconv.Itoa(now.number)}
}

// serveTransport is the WebSocket of the worker. It carries nothing but heartbeats.
func serveTransport(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}
