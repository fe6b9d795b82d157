// One call on the screen. The server decides which buttons it has.

import { since } from "./clock.js";
import { icon, refs, setText } from "./refs.js";
import { TransferForm } from "./transfer-form.js";
import { partyState, phase, short, swapsTo, verbs } from "./words.js";

const template = document.getElementById("card").content;
const keys = "123456789*0#";

export class Card {
  element = template.firstElementChild.cloneNode(true);
  #refs = refs(this.element);
  #form;
  #call = null;
  #dismissed = ""; // the failed transfer that the agent has read about
  #act;
  #busy = new Set(); // verbs that have no response yet

  // act(verb, call, params) performs a verb and returns a promise of its error, or
  // of null.
  constructor(act) {
    this.#act = act;
    this.#form = new TransferForm(this.#refs, (params) => this.#ask("transfer", params));
    this.#refs.forget.onclick = () => {
      this.#dismissed = this.#call.failure.transfer;
      this.update(this.#call);
    };
    for (const key of keys) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = key;
      button.onclick = () => {
        setText(this.#refs.pressed, this.#refs.pressed.textContent + key);
        void this.#ask("digits", { digits: key });
      };
      this.#refs.keypad.append(button);
    }
    this.#refs.keypad.onkeydown = (event) => event.key === "Escape" && this.#press("digits");
  }

  update(c) {
    const r = this.#refs;
    this.#call = c;
    this.element.dataset.held = c.customer.state === "held";
    setText(r.kind, phase(c));
    r.title.textContent = c.customer.name || "Unknown caller";
    this.element.setAttribute("aria-label", `${phase(c)}: ${r.title.textContent}`);
    setText(r.about, this.#about(c));
    r.title.title = c.customer.address ?? r.title.textContent; // the whole, which may be cut
    r.about.title = c.called ? `to ${c.called}` : r.about.textContent;
    since(r.clock, this.#since(c));
    this.#showFailure(c);
    this.#showProgress(c);
    this.#showParties(c);
    setText(r.line, this.#line(c));
    if (!c.can.includes("transfer")) this.#form.hide();
    if (!c.can.includes("digits") || this.element.dataset.phase !== c.phase) this.#showKeypad(false);
    this.element.dataset.phase = c.phase;
    this.#showActions(c);
  }

  #showKeypad(shown) {
    this.#refs.keypad.hidden = !shown;
    setText(this.#refs.pressed, "");
  }

  // offer moves the focus to the first button, unless something else has it.
  offer() {
    if (document.activeElement === document.body) this.#refs.actions.querySelector("button")?.focus();
  }

  #about(c) {
    const parts = [];
    const address = short(c.customer.address ?? "");
    if (address && address !== c.customer.name) parts.push(address);
    if (c.called) parts.push(`to ${short(c.called)}`);
    if (c.queue) parts.push(`queue ${c.queue}`);
    return parts.join(" · ");
  }

  // #since is when the state in the headline began.
  #since(c) {
    const held = c.customer.state === "held";
    return held && ["talking", "reaching", "consulting"].includes(c.phase) ? c.customer.since : c.since;
  }

  #line(c) {
    if (c.phase === "ringing" && c.from) return "The customer is on hold until you answer.";
    if (c.phase === "joining") return "Until both hear each other, you stay on the line.";
    if (c.phase === "away") return "The customer hears music until your audio is back.";
    if (c.phase === "target") return c.customer.state === "held" ? "The customer is on hold until they hand over." : "The customer takes part.";
    if (c.phase === "ended") return [c.ended, c.clearedBy ? "This ends by itself." : ""].filter(Boolean).join(" ");
    return "";
  }

  #showFailure(c) {
    const r = this.#refs;
    const f = c.failure;
    const shown = f && c.phase !== "ended" && f.transfer !== this.#dismissed;
    r.failure.hidden = !shown;
    if (!shown) return;
    setText(r.why, f.text);
    setText(r.left, c.phase === "talking" ? (c.customer.state === "held" ? "The customer is on hold." : "You are with the customer.") : "");
    const others = f.tried.slice(0, -1).map((t) => `${t.name} ${t.text}`);
    setText(r.tried, others.join(" · "));
    r.failure.title = f.detail ?? "";
  }

  #showProgress(c) {
    const r = this.#refs;
    const t = c.phase === "reaching" || c.phase === "joining" ? c.transfer : null;
    r.progress.hidden = !t;
    if (!t) return;
    const doing = t.screening ? "is asked to take the call" : t.rings ? "is ringing" : "is being called";
    setText(r.doing, c.phase === "joining" ? `${t.target} has the customer in a moment` : `${t.target} ${doing}`);
    since(r.doingsince, t.since);
    const list = t.tried.map((x) => `${x.name} ${x.text}`);
    if (t.remaining.length) list.push(`then ${t.remaining.join(", ")}`);
    setText(r.list, list.join(" · "));
  }

  #showParties(c) {
    const others = c.phase === "reaching" || c.phase === "ringing" ? [] : c.others;
    const parties = others.length ? [{ ...c.customer, name: "Customer" }, ...others, { ...c.you, name: "You" }] : [];
    this.#refs.parties.hidden = parties.length === 0;
    this.#refs.parties.replaceChildren(...parties.map((p) => {
      const [li, who, how, clock] = ["li", "span", "span", "time"].map((tag) => document.createElement(tag));
      [who.className, how.className] = ["who", `how ${p.state === "connected" && p.muted ? "muted" : p.state}`];
      [who.textContent, how.textContent, who.title] = [p.name, partyState(p), p.address ?? ""];
      if (p.state === "held") since(clock, p.since);
      li.append(who, how, clock);
      return li;
    }));
  }

  #showActions(c) {
    const shown = this.#buttons(c);
    const before = this.#refs.actions;
    const same = [...before.children].map((b) => b.dataset.verb).join() === shown.map((s) => s.verb).join();
    if (!same) before.replaceChildren(...shown.map(({ verb }) => this.#button(verb)));
    before.dataset.small = shown.filter((s) => !/half|wide/.test(s.look)).length;
    shown.forEach((s, i) => this.#dress(before.children[i], s));
  }

  #button(verb) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.verb = verb;
    button.onclick = () => this.#press(verb);
    return button;
  }

  #dress(button, { verb, look, label, glyph, pressed }) {
    button.className = look;
    button.disabled = this.#busy.has(verb);
    if (pressed === undefined) button.removeAttribute("aria-pressed");
    else button.setAttribute("aria-pressed", pressed);
    button.title = { cancel: "Cancel the transfer", swap: swapsTo(this.#call) }[verb] ?? "";
    if (button.dataset.label === label) return;
    button.dataset.label = label;
    button.replaceChildren(icon(glyph), label);
  }

  // #buttons returns the buttons in order.
  #buttons(c) {
    const looks = {
      accept: "half good", reject: "half soft", end: "wide soft", hangUp: "wide soft", clear: "wide primary",
      complete: "half primary", cancel: c.phase === "consulting" ? "half soft" : "half", leave: "half",
    };
    const order = ["accept", "reject", "hold", "resume", "swap", "join", "mute", "transfer", "digits", "complete", "cancel", "leave", "end", "hangUp", "clear"];
    return order.filter((verb) => c.can.includes(verb)).map((verb) => {
      const s = { verb, look: looks[verb] ?? "", label: verbs[verb], glyph: verb };
      if (verb === "mute") Object.assign(s, { pressed: Boolean(c.you.muted), label: verbs[c.you.muted ? "unmute" : "mute"], glyph: c.you.muted ? "unmute" : "mute" });
      if (verb === "transfer") s.pressed = this.#form.shown;
      if (verb === "digits") s.pressed = !this.#refs.keypad.hidden;
      if (verb === "mute" && ["target", "reaching", "finishing", "dialling"].includes(c.phase)) s.look = "wide";
      if (verb === "resume") s.look = "primary";
      if (verb === "hangUp") s.glyph = "end";
      if (verb === "reject") s.glyph = "end";
      if (verb === "clear") s.glyph = "complete";
      return s;
    });
  }

  #press(verb) {
    if (verb === "transfer") this.#form.toggle();
    else if (verb === "digits") this.#showKeypad(this.#refs.keypad.hidden);
    else return void this.#ask(verb);
    this.#showActions(this.#call);
  }

  async #ask(verb, params = {}) {
    this.#busy.add(verb);
    this.#showActions(this.#call);
    const err = await this.#act(verb, this.#call, params);
    this.#busy.delete(verb);
    this.#showActions(this.#call);
    return err;
  }
}
