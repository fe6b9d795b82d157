// The screen of a logged-in agent: their state, troubles and calls.

import { Card } from "./card.js";
import { setClock, since } from "./clock.js";
import { fill, permission, remember, remembered } from "./devices.js";
import { refs, setText } from "./refs.js";
import { agentState, idle, statusName } from "./words.js";

const element = document.getElementById("desk");
const part = refs(element);
const cards = document.getElementById("cards");
const parked = document.getElementById("parked");

export class Desk {
  #cards = new Map(); // contactId -> Card
  #statuses = [];
  #name = "";
  #state = null;
  #noticeTimer = 0;
  #on;

  // on has: act(verb, call, params), setStatus(status), logOut(), takeOver(),
  // allow(), tryAgain(), microphone(), speaker() and ringer.
  constructor(on) {
    this.#on = on;
    part.status.onchange = () => on.setStatus(this.#statuses[part.status.selectedIndex - 1]);
    part.logout.onclick = () => on.logOut();
    part.takeover.onclick = () => on.takeOver();
    part.allow.onclick = () => on.allow();
    part.again.onclick = () => on.tryAgain();
    part.dismiss.onclick = () => this.notice("");
    part.silent.checked = on.ringer.silent;
    part.silent.onchange = () => (on.ringer.silent = part.silent.checked);
    part.microphone.onchange = () => {
      remember("microphone", part.microphone.value);
      on.microphone();
    };
    part.speaker.onchange = () => {
      remember("speaker", part.speaker.value);
      on.speaker();
    };
    const menu = element.querySelector(".menu");
    menu.ontoggle = () => menu.open && this.#fillDevices();
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.firstElementChild.focus();
    };
  }

  open(hello) {
    this.#statuses = hello.statuses;
    this.#name = hello.agent;
    setText(part.name, hello.agent);
    part.status.replaceChildren(new Option("", ""), ...hello.statuses.map((s) => new Option(statusName(s))));
    part.status.options[0].hidden = true;
    document.getElementById("endpoints").replaceChildren(...hello.endpoints.map((e) => {
      const option = new Option(e.kind === "number" || e.kind === "uri" ? "" : e.kind, e.name);
      option.value = e.name;
      return option;
    }));
    part.lost.hidden = true;
    [cards.inert, parked.inert] = [false, false];
  }

  // lost returns whether the connection was not lost before.
  lost() {
    const isNew = part.lost.hidden;
    part.lost.hidden = false;
    [cards.inert, parked.inert] = [true, true]; // nothing that is pressed now would be heard
    return isNew;
  }

  update({ snapshot, view }) {
    setClock(snapshot.snapshotTimestamp);
    this.#showAgent(view.agent);
    part.nophone.hidden = !view.noPhone;
    const shown = new Set(view.contacts.map((c) => c.id));
    for (const [id, card] of this.#cards) {
      if (shown.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    for (const c of view.contacts) {
      let card = this.#cards.get(c.id);
      const isNew = !card;
      if (isNew) this.#cards.set(c.id, (card = new Card((verb, call, params) => this.#on.act(verb, call, params))));
      card.update(c);
      if (isNew) cards.append(card.element);
      if (isNew && c.can.includes("accept")) card.offer();
    }
    const alone = view.contacts.length === 0;
    document.getElementById("idle").hidden = !alone;
    setText(part.idle, idle[view.agent.name === "missed" ? "missed" : view.agent.state] ?? "");
    setText(part.missed, view.missed ? `You missed a call from ${view.missed.name || "an unknown caller"}.` : "");
    part.missed.title = view.missed?.address ?? "";
    document.title = this.#title(view);
  }

  #title(view) {
    const ringing = view.contacts.find((c) => c.phase === "ringing");
    return ringing ? `☎ ${ringing.customer.name}` : `${agentState(view.agent)} – Holdfast`;
  }

  #showAgent(agent) {
    element.dataset.state = agent.state;
    setText(part.state, agentState(agent));
    setText(part.next, agent.next ? ` · then ${statusName(agent.next)}` : "");
    since(part.since, agent.since);
    const chosen = agent.next ?? agent;
    const i = this.#statuses.findIndex((s) => s.state === chosen.state && (s.name ?? "") === (chosen.name ?? ""));
    if (document.activeElement !== part.status || i >= 0) part.status.selectedIndex = i + 1;
    part.status.options[0].text = agentState(agent);
  }

  audio({ elsewhere }, phone) {
    part.elsewhere.hidden = !elsewhere || !phone;
    if (phone) this.#askPermission();
  }

  // trouble shows why there is no audio.
  trouble(text) {
    setText(part.troubletext, text);
    part.trouble.hidden = !text;
    if (!text) this.#askPermission();
    else part.permission.hidden = true;
  }

  async #askPermission() {
    const state = await permission();
    part.permission.hidden = state !== "prompt" || !part.trouble.hidden || !part.elsewhere.hidden;
  }

  // notice shows something for a while.
  notice(text) {
    clearTimeout(this.#noticeTimer);
    setText(part.noticetext, text);
    part.notice.hidden = !text;
    if (text) this.#noticeTimer = setTimeout(() => this.notice(""), 12_000);
  }

  async #fillDevices() {
    await fill(part.microphone, "audioinput", remembered("microphone"));
    await fill(part.speaker, "audiooutput", remembered("speaker"));
  }
}
