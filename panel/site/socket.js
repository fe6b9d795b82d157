// The connection to the server. It reconnects by itself and then repeats the requests
// without a response; the server recognises them by their ids.

import { answerWithin, parse, write } from "./protocol.js";

const pageClosed = 4000; // a close code
const quietFor = 40_000; // the server sends something every 15 s
const firstDelay = 250;
const longestDelay = 1_000; // a customer may be waiting for the audio

export function randomID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// windowID names this window, also after a reload. A copy of the window gets another
// name.
function windowID() {
  const kind = performance.getEntriesByType("navigation")[0]?.type;
  let id = null;
  try {
    if (kind === "reload" || kind === "back_forward") id = sessionStorage.getItem("holdfast-window");
    id ??= randomID();
    sessionStorage.setItem("holdfast-window", id);
  } catch {
    id ??= randomID(); // storage is not allowed here
  }
  return id;
}

export class Socket {
  #id = windowID();
  #socket = null;
  #delay = firstDelay;
  #timer = 0;
  #silence = 0;
  #waiting = new Map(); // requestId -> { text, done, timer }
  #on;

  // on has: message(m), open(), lost(), loggedOut().
  constructor(on) {
    this.#on = on;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ccp-v2/socket?page=${this.#id}`);
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
    this.#listen();
  }

  // stop ends the connection for good, because the page is closed.
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(pageClosed);
  }

  // send sends a message now or not at all. It returns false if it is too long.
  send(message) {
    const text = write(message);
    if (text !== null && this.isOpen) this.#socket.send(text);
    return text !== null;
  }

  // request calls done(data, err) exactly once. A namespace is one of the Amazon
  // Connect SDK.
  request(method, params, done, requestId = randomID(), namespace = "") {
    const text = write({ type: "request", requestId, namespace, method, params });
    const fail = (type, code, message) => done({ type, message }, { type, code, message, stack: [], retryStatus: "none", statusCode: 400 });
    if (text === null) return fail("InvalidParameterException", "bad-parameter", "the request is too long");
    if (this.#waiting.has(requestId)) return fail("InvalidParameterException", "bad-parameter", "there is a request of that id already");
    const timer = setTimeout(() => {
      if (this.#waiting.delete(requestId)) fail("RequestTimedOut", "request-timed-out", "The server does not answer; see how the call is before you try again.");
    }, answerWithin + 5_000);
    this.#waiting.set(requestId, { text, done, timer });
    if (this.isOpen) this.#socket.send(text);
  }

  #receive(text) {
    this.#listen();
    const message = parse(text);
    if (message.type === "hello") {
      this.#delay = firstDelay;
      this.#on.open();
    }
    if (message.type === "response") {
      const asked = this.#waiting.get(message.requestId);
      if (!asked) return;
      this.#waiting.delete(message.requestId);
      clearTimeout(asked.timer);
      asked.done(message.data, message.err);
      return;
    }
    this.#on.message(message);
    if (message.type === "hello") {
      for (const { text } of this.#waiting.values()) this.#socket.send(text);
    }
  }

  // #listen gives up a connection on which nothing arrives.
  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const socket = this.#socket;
      this.#closed(0);
      socket?.close();
    }, quietFor);
  }

  #closed(code) {
    this.#socket = null;
    clearTimeout(this.#silence);
    if (code === 4002) return this.#on.loggedOut();
    if (code === 4001) this.#id = randomID(); // another window has this one's name
    this.#on.lost();
    this.#timer = setTimeout(() => this.#again(), this.#delay * (0.8 + 0.4 * Math.random()));
    this.#delay = Math.min(2 * this.#delay, longestDelay);
  }

  async #again() {
    const session = await whoAmI();
    if (session === null) return this.#on.loggedOut();
    if (session) return this.connect();
    this.#timer = setTimeout(() => this.#again(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, longestDelay);
  }
}

// whoAmI returns the agent who is logged in, null if none is, or undefined if the
// server cannot be reached.
export async function whoAmI() {
  try {
    const answer = await fetch("/ccp-v2/session", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    if (answer.status === 401) return null;
    return answer.ok ? (await answer.json()).agent : undefined;
  } catch {
    return undefined;
  }
}
