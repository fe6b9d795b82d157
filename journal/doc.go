// Package journal keeps what happened to contacts, in NATS JetStream: in a
// server inside this process, or in a cluster outside. It writes down and finds
// again; it never decides what an entry says or who shall own a contact.
//
// There are three streams. CONTACTS holds the contacts that live, one subject per
// contact (contact.<id>) and one message per transition, written only if the
// subject's last message is the one its writer knows: that write is the record,
// the proof of ownership and the feed of events at once. ARCHIVE holds the
// contacts that are over (archive.<id>), until they are too old. ROUTING holds the
// stored items: agents, queues, registrations, sessions of the agents' page.
package journal
