// Package directory knows the endpoints that can be reached, their addresses,
// and the numbers and hosts that may be dialled, and which phones have
// registered. It never dials and never decides about a contact.
package directory
