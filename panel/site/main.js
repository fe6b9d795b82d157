// The agent's page. It logs in, connects to the server, shows its updates, and sends
// the requests of the agent and of the page around it.

import { Audio } from "./audio.js";
import { Conduit } from "./conduit.js";
import { Desk } from "./desk.js";
import { devices, remember } from "./devices.js";
import { handOver, isForAnother, loggedIn, logIn, logOut } from "./login.js";
import { showParked } from "./parked.js";
import { Port } from "./port.js";
import { Ringer } from "./ringer.js";
import { whoAmI } from "./session.js";
import { Socket } from "./socket.js";
import { problem } from "./words.js";

const screens = ["loading", "login", "embedded", "message", "desk"];

function show(screen) {
  for (const id of screens) document.getElementById(id).hidden = id !== screen;
}

function message(title, text, code) {
  const [h, p, pre] = document.getElementById("message").children;
  [h.textContent, p.textContent, pre.textContent, pre.hidden] = [title, text, code ?? "", !code];
  show("message");
}

let view = { agent: {}, contacts: [] };
let here = false; // this window has the audio
let hello = null;

const ringer = new Ringer();

const socket = new Socket({
  message: receive,
  stray: (response) => (response.namespace ? port.respond(response) : conduit.respond(response.requestId, response.data, response.err)),
  lost() {
    if (desk.lost()) conduit.softphoneError("signalling_connection_failure", "The connection to the server is lost. Trying again; calls go on.");
    conduit.post("agent::websocket_connection_lost", {});
    port.lost();
  },
  loggedOut() {
    audio.follow({ contacts: [] }, false);
    ringer.ring(false);
    conduit.post("terminated");
    port.reset();
    void begin();
  },
});

const audio = new Audio(document.getElementById("remote"), {
  send: (m) => socket.send(m),
  notice: (text) => desk.notice(text),
  trouble(text, type) {
    desk.trouble(text);
    if (text) conduit.softphoneError(type, text);
  },
});

const desk = new Desk({
  act,
  ringer,
  setStatus(status) {
    const state = { available: ["routable", "Available"], offline: ["offline", "Offline"] }[status.state] ?? ["not_routable", status.name];
    socket.request("putAgentState", { state: { type: state[0], name: state[1] } }, (_, err) => err && desk.notice(problem(err)));
  },
  async logOut() {
    const wrong = await logOut();
    if (wrong) desk.notice(wrong);
  },
  takeOver: () => socket.send({ type: "takeOver" }),
  async allow() {
    if (await audio.microphone()) audio.follow(view, here); // which releases it again
    desk.trouble(null);
  },
  async tryAgain() {
    if (await audio.microphone()) audio.tryAgain();
    audio.follow(view, here);
  },
  microphone: () => audio.useMicrophone(),
  speaker: () => audio.useSpeaker(),
});

const conduit = new Conduit({
  request(method, params, done, requestId) {
    if (method === "acceptContact" && hello.phone) return void accept(params.contactId, done, requestId);
    socket.request(method, params, done, requestId);
  },
  mute: (muted) => socket.send({ type: "mute", muted }),
  echo(event, data) {
    const kind = event.match(/^configuration::set_(speaker|microphone)_device$/)?.[1];
    if (kind && typeof data?.deviceId === "string") {
      remember(kind, data.deviceId);
      void (kind === "speaker" ? audio.useSpeaker() : audio.useMicrophone());
      conduit.post(`configuration::${kind}_device_changed`, { deviceId: data.deviceId });
    }
    socket.send({ type: "echo", event, data: data ?? null });
  },
  configure(settings) {
    ringer.disable(Boolean(settings.softphone?.disableRingtone));
  },
  devices,
  stranger(origin) {
    socket.stop();
    message("This page may not be embedded here", `The page around this one, ${origin}, is not approved. If it should be, add it to the configuration of Holdfast and start the server again:`, `[panel]\norigins = ["${origin}"]`);
  },
  logOut: () => void logOut(),
});

const port = new Port({
  request(namespace, command, data, done, requestId) {
    if (namespace === "aws.connect.contact" && command === "contact/accept" && hello.phone) return void accept(data.contactId, done, requestId);
    socket.request(command, data, done, requestId, namespace);
  },
  subscribe: (topic) => socket.send({ type: "subscribe", ...topic }),
});

function receive(m) {
  switch (m.type) {
    case "hello": {
      const anew = hello && hello.boot !== m.boot;
      hello = m;
      show("desk");
      desk.open(m);
      conduit.open(m);
      conduit.post("agent::websocket_connection_gained", {});
      port.open(conduit.around, conduit.targets);
      return anew ? audio.renew() : audio.check();
    }
    case "update":
      view = m.view;
      desk.update(m);
      conduit.update(m);
      audio.follow(view, here);
      return ringer.ring(here && view.contacts.some((c) => c.phase === "ringing"));
    case "parked":
      return showParked(m, pickUp);
    case "audio":
      here = m.here;
      desk.audio(m, hello.phone);
      return audio.follow(view, here);
    case "answer":
      return void audio.answer(m);
    case "muted":
      return conduit.muted(m.muted);
    case "echoed":
      return conduit.post(m.event, m.data);
    case "published":
      return port.publish(m.topics, m.again);
    case "problem":
      return console.warn("the server has not understood this page:", m.text);
    case "loggedOut":
      return; // the connection is closed next
  }
}

// accept picks up a call. The audio moves to this window. Without a microphone the
// call is not answered.
async function accept(contactId, done, requestId) {
  if (!(await audio.accept(contactId))) {
    const err = { type: "microphone_not_shared", message: "The microphone cannot be used.", stack: [], retryStatus: "none", statusCode: 400 };
    return done({ type: err.type, message: err.message }, err);
  }
  if (!here) socket.send({ type: "takeOver" });
  here = true;
  socket.request("acceptContact", { contactId }, (data, err) => {
    if (err) audio.giveUp(contactId);
    done(data, err);
  }, requestId);
  audio.follow(view, here);
}

// pickUp asks for a parked customer, who then rings here, and picks up.
function pickUp(contactId) {
  return new Promise((resolve) => {
    const done = (_, err) => {
      if (err && err.type !== "microphone_not_shared") desk.notice(problem(err));
      resolve();
    };
    socket.request("holdfast.pickUp", { contactId }, (data, err) => {
      if (err || !hello.phone) return done(data, err);
      void accept(data.contactId, done);
    });
  });
}

// methods returns the request for each verb.
const methods = {
  reject: (c) => ["rejectContact", {}],
  clear: (c) => ["clearContact", {}],
  hold: (c) => ["holdConnection", { connectionId: c.customer.id }],
  resume: (c) => ["resumeConnection", { connectionId: c.customer.id }],
  mute: (c) => [c.you.muted ? "unmuteParticipant" : "muteParticipant", { connectionId: c.you.id }],
  digits: (c, p) => ["sendDigits", { connectionId: c.you.id, digits: p.digits }],
  transfer: (c, p) => ["holdfast.transfer", p],
  cancel: (c) => ["holdfast.cancel", {}],
  leave: (c) => ["holdfast.leave", {}],
  complete: (c) => ["holdfast.complete", {}],
  swap: (c) => ["toggleActiveConnections", {}],
  join: (c) => ["conferenceConnections", {}],
  end: (c) => ["holdfast.end", {}],
  hangUp: (c) => ["destroyConnection", { connectionId: c.you.id }],
};

// act performs a verb.
function act(verb, call, params) {
  return new Promise((resolve) => {
    const done = (_, err) => {
      if (err && verb !== "transfer" && err.type !== "microphone_not_shared") desk.notice(problem(err));
      resolve(err ?? null);
    };
    if (verb === "accept") return void accept(call.id, done);
    const [method, more] = methods[verb](call, params);
    socket.request(method, { contactId: call.id, ...more }, done);
  });
}

async function begin() {
  let agent = await whoAmI();
  while (agent === undefined) {
    message("The server cannot be reached", "Trying again…");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    agent = await whoAmI();
  }
  if (agent === null) {
    await logIn(show);
    if ((await whoAmI()) === null) return message("The browser keeps no session here", "It does not keep this page's cookie. Allow cookies for it, and load the page again.");
  }
  if (isForAnother()) return handOver(message);
  loggedIn();
  show("loading");
  await socket.connect();
}

// When a page is left, the browser may keep it and show it again later.
window.addEventListener("pagehide", () => {
  audio.follow({ contacts: [] }, false);
  ringer.ring(false);
  socket.stop();
});
window.addEventListener("pageshow", (event) => event.persisted && void begin());

void begin();
