package panel

import (
	"crypto/sha256"
	"fmt"
)

// instanceARN names this server to pages that take it for an Amazon Connect
// instance: they read an account number and an instance's id out of it.
const instanceARN = "arn:aws:connect:local:000000000000:instance/00000000-0000-4000-8000-000000000000"

// arn names something for ever: the same kind and name always have the same one.
func arn(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return fmt.Sprintf("%s/%s/%x-%x-%x-%x-%x", instanceARN, kind, sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Kinds of things that have an ARN.
const (
	agentARN    = "agent"
	stateARN    = "agent-state"
	profileARN  = "routing-profile"
	queueARN    = "queue"
	endpointARN = "transfer-destination"
)
