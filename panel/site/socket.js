// The connection to the server. The server sends beats, so a connection on which
// nothing arrives is lost. The page then connects again by itself, and repeats the
// requests without a response; the server recognises them by their ids.

import { answerWithin, beatEvery, parse, write } from "./protocol.js";
import { protocols, whoAmI } from "./session.js";
import { randomID, windowID } from "./window.js";

// Close codes.
const pageClosed = 4000;
const replaced = 4001;
const sessionOver = 4002;

const quietFor = 3 * beatEvery; // with a tick, a lost connection shows within 2 s
const openWithin = 3_000;
const longestDelay = 1_000; // a customer may be waiting for the audio

// Requests that would do something else if they were performed twice. The others are
// recognised also after a restart of the server, or change nothing the second time.
const once = new Set(["sendDigits", "toggleActiveConnections"]);

export class Socket {
  #id = null;
  #socket = null;
  #server = null; // what remembers this window's requests; null: not connected
  #wanted = false;
  #heard = 0; // when something arrived, or the connection was begun
  #ticked = 0;
  #retryAt = 0; // 0: not now
  #delay = 0;
  #attempt = 0;
  #waiting = new Map(); // requestId -> { text, method, done, by, sent }
  #on;

  // on has: message(m), lost(), loggedOut(), and stray(response), which gets the
  // responses to requests that the page before a reload has sent.
  constructor(on) {
    this.#on = on;
    new Worker(new URL("ticker.js", import.meta.url)).onmessage = () => this.#tick();
    window.addEventListener("online", () => this.#wake());
    document.addEventListener("resume", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
  }

  async connect() {
    this.#id ??= await windowID();
    this.#open();
  }

  // stop ends the connection finally, because the page is closed. It refuses requests that
  // may not have reached the server; the next page gets the other responses.
  stop() {
    if (!this.#server) for (const id of [...this.#waiting.keys()]) this.#refuse(id, "The page was closed while it was not connected; check the call before you try again.");
    this.#wanted = false;
    this.#drop()?.close(pageClosed);
    this.#id = null; // the next page of this window may take its name
  }

  // send sends a message now or not at all. It returns false if it is too long.
  send(message) {
    const text = write(message);
    if (text !== null && this.#server) this.#socket.send(text);
    return text !== null;
  }

  // request calls done(data, err) exactly once. A namespace is one of the Amazon
  // Connect SDK.
  request(method, params, done, requestId = randomID(), namespace = "") {
    const text = write({ type: "request", requestId, namespace, method, params });
    if (text === null) return fail(done, "InvalidParameterException", "bad-parameter", "the request is too long");
    if (this.#waiting.has(requestId)) return fail(done, "InvalidParameterException", "bad-parameter", "there is a request of that id already");
    const asked = { text, method, done, by: Date.now() + answerWithin + 2_000, sent: this.#server };
    this.#waiting.set(requestId, asked);
    if (this.#server) this.#socket.send(text);
  }

  #open() {
    this.#drop()?.close();
    [this.#wanted, this.#heard] = [true, Date.now()];
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ccp-v2/socket?page=${this.#id}`, protocols());
    this.#socket = socket;
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#lose(event.code);
  }

  // #drop forgets the connection, and returns it.
  #drop() {
    const socket = this.#socket;
    [this.#socket, this.#server, this.#retryAt] = [null, null, 0];
    this.#attempt++;
    return socket;
  }

  #receive(text) {
    this.#heard = Date.now();
    const message = parse(text);
    switch (message.type) {
      case "beat":
        return;
      case "hello":
        [this.#server, this.#delay] = [`${message.boot} ${this.#id}`, 0];
        this.#on.message(message);
        return this.#repeat();
      case "response":
        return this.#waiting.has(message.requestId) ? this.#settle(message.requestId, message.data, message.err) : this.#on.stray(message);
    }
    this.#on.message(message);
  }

  // #repeat sends the requests without a response. A server that has been started since
  // cannot know whether the one before has performed them.
  #repeat() {
    this.#giveUp();
    for (const [id, asked] of [...this.#waiting]) {
      if (asked.sent && asked.sent !== this.#server && once.has(asked.method)) {
        this.#refuse(id, "The server was started again; check the call before you try again.");
        continue;
      }
      asked.sent = this.#server;
      this.#socket.send(asked.text);
    }
  }

  #settle(id, data, err) {
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    asked.done(data, err);
  }

  #refuse(id, text) {
    fail((data, err) => this.#settle(id, data, err), "RequestTimedOut", "request-timed-out", text);
  }

  // #giveUp refuses the requests that have waited too long. The server forgets them, too,
  // and would perform them once more.
  #giveUp() {
    for (const [id, { by }] of [...this.#waiting]) {
      if (Date.now() > by) this.#refuse(id, "The server does not answer; check the call before you try again.");
    }
  }

  // #tick gives up requests that have taken too long. After a tick that comes late, this
  // page was asleep: the messages that have arrived are read next.
  #tick() {
    const now = Date.now();
    const asleep = now - this.#ticked > 1_000;
    this.#ticked = now;
    if (asleep) return void (this.#heard = now);
    this.#giveUp();
    if (this.#socket && now - this.#heard > (this.#server ? quietFor : openWithin)) this.#lose();
    else if (this.#retryAt && now >= this.#retryAt) void this.#again();
  }

  // #wake tries at once, because the network or the agent is back.
  #wake() {
    if (!this.#wanted || this.#server) return;
    this.#drop()?.close();
    this.#delay = 0;
    void this.#again();
  }

  #lose(code) {
    const wasOpen = this.#server !== null;
    this.#drop()?.close();
    if (code === sessionOver) return this.#loggedOut();
    if (code === replaced) this.#id = randomID(); // another window has this one's name
    if (wasOpen) this.#on.lost();
    this.#retry();
  }

  #retry() {
    this.#retryAt = Date.now() + this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(2 * this.#delay || 250, longestDelay);
  }

  async #again() {
    this.#retryAt = 0;
    const attempt = ++this.#attempt;
    const agent = await whoAmI();
    if (attempt !== this.#attempt) return;
    if (agent === null) return this.#loggedOut();
    if (agent) return this.#open();
    this.#retry();
  }

  #loggedOut() {
    this.#wanted = false;
    this.#on.loggedOut();
  }
}

function fail(done, type, code, message) {
  done({ type, message }, { type, code, message, stack: [], retryStatus: "none", statusCode: 400 });
}
