// Package journal keeps what happened to contacts, in NATS JetStream: in a
// server inside this process, or in a cluster outside. It writes down and finds
// again; it never decides what an entry says or who shall own a contact.
//
// There are three streams. CONTACTS holds the contacts that live, one subject per
// contact (contact.<id>) and one message per transition, written only if the
// subject's last message is the one its writer knows: that write is the record,
// the proof of ownership and the feed of events at once. ARCHIVE holds the
// contacts that are over (archive.<id>), until they are too old. ROUTING holds
// the last state of stored items: agents, queues, registrations, sessions.
//
// # Damage
//
// This is what nats-server 2.15.2 does when files of its store are damaged:
//
//   - After a kill it reads each block of messages up to the first record with a
//     wrong checksum, and cuts the file there. Whole records behind it are gone,
//     and nothing is logged but what it logs after every kill.
//   - After an orderly stop it believes its index. A bad record is noticed when it
//     is to be read; a consumer that comes to it delivers nothing any more.
//   - A block that is empty or missing is forgotten.
//   - A stream whose description (meta.inf) is damaged does not exist. When it is
//     created with a first sequence, as CONTACTS was, every message in its
//     blocks is removed.
//
// Therefore an embedded server gets to see whole blocks only. Before it starts,
// the blocks are read by code of this package, which goes on after a bad record;
// bad ones are cut out, and the files as they were found are kept in the
// directory "damaged". What cannot be read is reported with its place.
//
// What a block loses must be somewhere else. The newest message of each contact
// that has not been archived, and of each stored item, is in a file of its own in
// the directory "copies". It is appended there after the server has acknowledged
// it and before anybody acts on it, without a sync: one damaged file of either
// kind costs no contact. ARCHIVE has no copies, only a mark of what it held, by
// which missing entries are noticed.
//
// # A disk that fails
//
// A server whose disk has failed once, because it was full or read-only or gave an
// error, refuses every write to that stream for ever and does not answer it. Therefore
// another one is started in its place: as soon as the disk takes what is written, which
// is tried once a second. Until then Append and Put return why, History and Follow
// return an error, and Live and All, which a start needs, wait. Open does not wait: its
// error MayPass.
//
// A cluster keeps replicas instead, and its files are its own affair.
package journal
