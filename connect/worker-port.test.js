import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { workerPort } from "./worker-port.js";

afterEach(() => delete globalThis.Worker);

// A worker that tells its events to what listens.
class Worker extends EventTarget {
  static last;
  posted = [];

  constructor(url) {
    super();
    this.url = url;
    Worker.last = this;
  }

  postMessage(message) {
    this.posted.push(message);
  }

  terminate() {
    this.ended = true;
  }
}

const listening = (port) => {
  const heard = [];
  port.listen((message) => heard.push(message), (error) => heard.push(String(error)));
  return heard;
};

test("messages that come early are kept", () => {
  globalThis.Worker = Worker;
  const port = workerPort("worker.js");
  const event = (data) => Object.assign(new Event("message"), { data });
  Worker.last.dispatchEvent(event("ready"));
  const heard = listening(port);
  Worker.last.dispatchEvent(event("later"));
  assert.deepEqual(heard, ["ready", "later"]);
  port.post("see");
  assert.deepEqual(Worker.last.posted, ["see"]);
  port.close();
  assert.equal(Worker.last.ended, true);
});

test("a worker that stops", () => {
  globalThis.Worker = Worker;
  const heard = listening(workerPort("worker.js"));
  Worker.last.dispatchEvent(new Event("error"));
  assert.deepEqual(heard, ["worker.js cannot be loaded"]);
});

test("a worker that the page may not start", () => {
  globalThis.Worker = class {
    constructor() {
      throw new DOMException("another origin", "SecurityError");
    }
  };
  const port = workerPort("https://elsewhere.example/worker.js");
  port.post("see");
  assert.deepEqual(listening(port), ["SecurityError: another origin"]);
});

test("a page that demands Trusted Types", () => {
  globalThis.Worker = Worker;
  globalThis.trustedTypes = { createPolicy: (name, { createScriptURL }) => ({ createScriptURL: (url) => `${name} ${createScriptURL(url)}` }) };
  workerPort("worker.js");
  delete globalThis.trustedTypes;
  assert.equal(Worker.last.url, "holdfast worker.js");
});
