// Package directory knows who can be reached, where, and what may be dialled,
// and which phones have registered. It never dials and never decides what
// happens in a contact.
package directory
