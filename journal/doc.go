// Package journal keeps the history of contacts, in NATS JetStream: in a server inside
// this process, or in a cluster outside. It writes down and finds again; it never decides
// what an entry contains or which server owns a contact.
//
// There are three streams. CONTACTS holds the contacts that live, one subject per
// contact (contact.<id>) and one message per transition, written only if the
// subject's last message is the one its writer knows: that write is the record,
// the proof of ownership and the feed of events at once. ARCHIVE holds the
// contacts that are over (archive.<id>), until they are too old. ROUTING holds
// the last state of stored items: agents, queues, registrations, sessions.
//
// # Entries
//
// A message keeps a whole entry, as JSON, or the changes to its contact and legs since a
// whole one (edit.go has the format), deflated with that one's contact and legs as its
// dictionary (RFC 1951). The header Holdfast-Base of the second kind is the sequence of
// the whole entry. It is always the contact's latest whole entry before it, of the same
// owner and epoch, and acknowledged before anything builds on it. So an entry needs one
// other message to be read, never a chain of them, and its size does not depend on how
// long the contact has lasted.
//
// An entry is whole if it is the first of an owner's epoch, or of a contact whose last
// entries the journal has lost; if it follows a whole one that may or may not have been
// written; if the entries since the last whole one take as much room as that, or are
// 50; or if more than half of it would have to be written anyway. Nothing ever builds
// on an entry that holds only changes, so it does not matter if one of these may or
// may not have been written.
//
// # Damage
//
// nats-server 2.15.2 does the following when files of its store are damaged:
//
//   - After a kill it reads each block of messages up to the first record with a
//     wrong checksum, and cuts the file there. Whole records behind it are gone,
//     and it logs only the lines that it logs after every kill.
//   - After an orderly stop it believes its index. A bad record is noticed when it
//     is to be read; a consumer that comes to it delivers nothing any more.
//   - A block that is empty or missing is forgotten.
//   - A block of which all messages were removed is deleted, and with it the notes in it
//     that messages of earlier blocks were removed. After a kill these are there again.
//   - A stream whose description (meta.inf) is damaged does not exist. When it is
//     created with a first sequence, as CONTACTS was, every message in its
//     blocks is removed.
//
// Therefore an embedded server only ever sees whole blocks. Before it starts, the blocks
// are read by code of this package, which goes on after a bad record and after a part of
// the disk that gives an error. Bad records are cut out, and the files as they were found
// are kept in the directory "damaged". Each part that cannot be read is reported with its
// place.
//
// So every message must also be somewhere else. The newest message of each contact that
// has not been archived, and of each stored item, is in a file of its own in the
// directory "copies", and with it the whole entry that it builds on. It is appended there
// after the server has acknowledged it and before its owner acts on it, without a sync:
// one damaged file of either kind costs no contact. Other whole entries that a block has
// lost come from there, too, for as long as a contact's file has them. If a whole entry
// is lost in both places, the entries that build on it are cut out as well, and the
// contact is carried on from the newest entry that can be read.
//
// ARCHIVE in a directory has an embedded server of its own, in the directory "archive". A
// start of the other one reads only the last blocks of ARCHIVE, as far as they may be about
// contacts that live. Open returns then, and all of ARCHIVE is read, repaired and opened
// afterwards; until that is done, contacts that are over stay in CONTACTS, and readers of
// ARCHIVE wait or get an error. AwaitArchive returns when it is done.
//
// ARCHIVE has no copies, only a mark of the entries it held, by which missing ones are
// noticed. It has the whole entries on which others build twice (the second time with the
// header Holdfast-Again), so that a damaged message costs no other entry.
//
// # A disk that fails
//
// A server whose disk has failed once, because it was full or read-only or gave an
// error, refuses every write to that stream for ever and does not answer it. Therefore
// another one is started in its place: as soon as the disk accepts writes, which is tried
// once a second. Until then Append and Put return why, History and Follow return an
// error, and Live and All, which a start needs, wait. Open does not wait: its error
// MayPass.
//
// A cluster keeps replicas instead, and its files are its own affair.
package journal
