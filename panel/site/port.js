// The port of the Amazon Connect SDK to the page around this one, if there is one.
// Every page on Streams of today has the SDK, which waits for this page to offer a
// port. The server makes the contents; this module offers the port to approved
// origins, keeps the subscriptions, and routes publications to them.

import { randomID } from "./window.js";

const longestData = 32 << 10; // of a request, as JSON
const longestName = 128; // of an id, a command, a namespace, a key, a parameter
const mostTopics = 256;
const mostStrays = 64; // the server repeats no more
const mostWarnings = 50;
const healthCheckInterval = 5_000;
const firstDelay = 1_000; // the page around may not listen yet
const longestDelay = 10_000;

const isName = (text, longest = longestName) => typeof text === "string" && text.length <= longest;
const nameOf = ({ namespace, key, parameter }) => JSON.stringify([namespace, key, parameter ?? ""]);

export class Port {
  #around = null;
  #origins = [];
  #offered = []; // ports that the page around may take
  #port = null; // the one that it has taken
  #timer = 0;
  #delay = firstDelay;
  #started = new Date();
  #strays = []; // responses for the page around, until it has taken a port
  #topics = new Map(); // that the page around follows, by their names
  #network = { status: "connecting", timestamp: Date.now() };
  #checks = 0;
  #warnings = 0;
  #on;

  // on has: request(namespace, command, data, done, requestId), subscribe(topic).
  constructor(on) {
    this.#on = on;
  }

  // open offers a port to the page around at these origins until it takes one. When
  // the page around has one already, the server has been lost and found again, and
  // gets the subscriptions again.
  open(around, origins) {
    this.#around = around;
    this.#origins = origins;
    this.#setNetwork("connected");
    if (this.#port) {
      for (const topic of this.#topics.values()) this.#on.subscribe(topic);
    } else {
      this.#offer();
    }
  }

  // lost reports that the server cannot be reached.
  lost() {
    this.#setNetwork("disconnected");
  }

  // reset forgets the page around, which gets another port when the next agent has
  // logged in. Requests that wait are still answered on the old one.
  reset() {
    clearTimeout(this.#timer);
    this.#port = null;
    this.#offered = [];
    this.#strays = [];
    this.#topics.clear();
    this.#delay = firstDelay;
  }

  // respond posts the response to a request that this page before a reload has sent. The
  // page around knows the request by its id.
  respond({ namespace, requestId, data, err }) {
    const response = answer({ namespace, requestId }, data, err, {});
    if (this.#port) this.#port.postMessage(response);
    else if (this.#strays.length < mostStrays) this.#strays.push(response);
  }

  // publish posts changes of topics that are followed. Those that answer a
  // subscription are only for handlers with the same parameter.
  publish(topics, again) {
    for (const { namespace, key, parameter, data } of topics) {
      if (!again) this.#publish({ namespace, key }, data);
      if (parameter) this.#publish({ namespace, key, parameter }, data);
    }
  }

  #publish(topic, data) {
    if (this.#topics.has(nameOf(topic))) this.#port?.postMessage({ type: "publish", topic, data });
  }

  #setNetwork(status) {
    if (status === this.#network.status) return;
    this.#network = { status, timestamp: Date.now() };
    this.publish([{ namespace: "aws.connect.contact", key: "agent/networkConnectionStatusChanged", data: this.#network }], false);
  }

  // #offer offers a port at each origin: browsers deliver it only if the page around
  // is at that origin.
  #offer() {
    clearTimeout(this.#timer);
    for (const port of this.#offered) port.close();
    this.#offered = this.#origins.map((origin) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (event) => this.#receive(port1, event.data);
      this.#around.postMessage({ type: "cross-domain-adapter-init" }, origin, [port2]);
      return port1;
    });
    if (this.#offered.length === 0) return;
    this.#timer = setTimeout(() => this.#offer(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, longestDelay);
  }

  #take(port) {
    clearTimeout(this.#timer);
    for (const other of this.#offered) if (other !== port) other.close();
    this.#offered = [];
    this.#port = port;
    port.postMessage({ type: "acknowledge", connectionId: randomID(), status: this.#status(), healthCheckInterval });
    for (const response of this.#strays.splice(0)) port.postMessage(response);
  }

  #status() {
    return { initialized: true, startTime: this.#started };
  }

  #receive(port, message) {
    const type = message?.type;
    if (type === "cross-domain-site-ready" && this.#offered.includes(port)) return this.#take(port);
    if (port !== this.#port) return this.#ignore("a message before the port is acknowledged");
    switch (type) {
      case "healthCheck":
        if (this.#network.status === "connected") port.postMessage({ type: "healthCheckResponse", time: Date.now(), counter: ++this.#checks });
        return;
      case "request":
        return this.#request(port, message);
      case "subscribe":
        return this.#subscribe(message.topic);
      case "unsubscribe":
        return this.#unsubscribe(message.topic);
      case "log":
      case "metric":
        return; // they contain phone numbers, and nothing needs them
      default:
        return this.#ignore(isName(type) ? `a message of type ${type}` : "a message without a type");
    }
  }

  #request(port, { namespace, command, requestId, data }) {
    const id = typeof requestId === "number" ? String(requestId) : requestId;
    if (!isName(id, Infinity) || id === "") return this.#ignore("a request without a requestId");
    let requestData = data;
    const done = (data, err) => port.postMessage(answer({ namespace, requestId }, data, err, { command, requestData }));
    const fail = (message) => {
      requestData = null;
      done(null, { type: "InvalidParameterException", code: "bad-parameter", message, statusCode: 400 });
    };
    if (!isName(id)) return fail("the requestId is too long");
    if (!isName(namespace, 64) || namespace === "") return fail("the namespace is missing or too long");
    if (!isName(command, 64) || command === "") return fail("the command is missing or too long");
    let size = 0;
    try {
      size = JSON.stringify(data ?? {}).length;
    } catch {
      return fail("the data cannot be read");
    }
    if (size > longestData) return fail("the data is too long");
    if (command === "agent/getNetworkConnectionStatus") return done(this.#network);
    this.#on.request(namespace, command, data ?? {}, done, id);
  }

  #subscribe(topic) {
    const { namespace, key, parameter = "" } = topic ?? {};
    if (![namespace, key, parameter].every((text) => isName(text))) return this.#ignore("a subscription to something that is not a topic");
    const name = nameOf({ namespace, key, parameter });
    if (this.#topics.size >= mostTopics && !this.#topics.has(name)) {
      const message = `no more than ${mostTopics} topics can be followed`;
      return this.#port.postMessage({ type: "error", key: "tooManySubscriptions", message, isFatal: false, status: this.#status(), details: { namespace, key } });
    }
    this.#topics.set(name, { namespace, key, parameter });
    this.#on.subscribe({ namespace, key, parameter });
  }

  #unsubscribe(topic) {
    const { namespace, key, parameter } = topic ?? {};
    this.#topics.delete(nameOf({ namespace, key, parameter }));
  }

  #ignore(what) {
    if (++this.#warnings <= mostWarnings) console.warn(`ignoring ${what} on the port of the Amazon Connect SDK`);
  }
}

// answer returns the response to a request.
function answer({ namespace, requestId }, data, err, details) {
  const response = { type: "response", namespace, requestId };
  if (!err) return { ...response, isError: false, data };
  const errorKey = (!String(namespace).startsWith("aws.") && err.code) || err.type; // ours have the codes of docs/REFUSALS.md
  return { ...response, isError: true, errorKey, reason: err.message, details: { ...details, code: err.code, statusCode: err.statusCode } };
}
