// The messages between the server and this page. protocol.go has the same list, with
// comments; a test compares the two.

export const fromServer = {
  "hello": ["agent", "boot", "phone", "origins", "statuses", "endpoints"],
  "update": ["snapshot", "configuration", "view"],
  "parked": ["customers", "more"],
  "response": ["requestId", "namespace", "data", "err"],
  "audio": ["here", "elsewhere"],
  "answer": ["contactId", "offer", "sdp", "problem"],
  "muted": ["muted"],
  "echoed": ["event", "data"],
  "beat": [],
  "problem": ["text"],
  "published": ["topics", "again"],
  "loggedOut": []
};

export const fromPage = {
  "request": ["requestId", "namespace", "method", "params"],
  "offer": ["contactId", "offer", "sdp"],
  "mute": ["muted"],
  "takeOver": [],
  "echo": ["event", "data"],
  "subscribe": ["namespace", "key", "parameter"]
};

// The longest message the server reads, in bytes; how long it takes at most to
// respond to a request, and how often it sends a beat, in milliseconds.
export const longestMessage = 65536;
export const answerWithin = 10000;
export const beatEvery = 500;

// Members that are times: a Streams page wants Date objects.
const times = new Set(["timestamp", "startTimestamp", "timeStamp", "snapshotTimestamp", "queueTimestamp"]);

export function parse(text) {
  const message = JSON.parse(text, (key, value) => (times.has(key) && typeof value === "string" ? new Date(value) : value));
  if (!(message.type in fromServer)) throw new Error(`unknown type of message ${message.type}`);
  return message;
}

// write returns a message as text, or null if it is too long.
export function write(message) {
  if (!(message.type in fromPage)) throw new Error(`unknown type of message ${message.type}`);
  const text = JSON.stringify(message);
  return new TextEncoder().encode(text).length > longestMessage ? null : text;
}
