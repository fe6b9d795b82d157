// <holdfast-transfer>: a button that hands the customer over, and a line of text that
// always shows who has them. element.d.ts describes its attributes, property and events.

const rules = `
:host { display: inline-flex; flex-wrap: wrap; align-items: center; gap: .5em; font: inherit }
:host([hidden]) { display: none }
button { font: inherit; padding: .3em .8em }
p { margin: 0; flex-basis: 100% }
[role=alert]:not(:empty) { border-inline-start: .3em solid #b00020; padding-inline-start: .5em; font-weight: bold }
`;

// parts are made one by one: a page may demand Trusted Types of innerHTML.
const parts = () => ({
  start: made("button", { type: "button" }, { part: "start" }),
  confirm: made("button", { type: "button", hidden: true, textContent: "They answered" }, { part: "confirm" }),
  complete: made("button", { type: "button", hidden: true, textContent: "Complete" }, { part: "complete" }),
  cancel: made("button", { type: "button", hidden: true, textContent: "Cancel" }, { part: "cancel" }),
  status: made("p", { tabIndex: -1 }, { part: "status", role: "status" }),
  alert: made("p", {}, { part: "alert", role: "alert" }),
});

function made(tag, properties, attributes) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// In Node, where tests read this file, there are no elements.
const Base = globalThis.HTMLElement ?? class {};

export class HoldfastTransfer extends Base {
  static observedAttributes = ["to", "kind"];

  #transfers;
  #transfer; // the handle of the transfer that is followed
  #stop;
  #busy = false;
  #refusal = ""; // why the last request was refused
  #part;
  #unfocused; // the button that has lost the focus during a request

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    root.adoptedStyleSheets = [sheet];
    this.#part = parts();
    this.#part.start.append(made("slot", { textContent: "Hand over" }, {}));
    root.append(...Object.values(this.#part));
    this.#part.start.addEventListener("click", () => void this.start());
    for (const command of ["confirm", "complete", "cancel"])
      this.#part[command].addEventListener("click", () => void this.#command(command));
  }

  get transfers() {
    return this.#transfers;
  }

  set transfers(transfers) {
    this.#stop?.();
    this.#transfers = transfers;
    this.#transfer = undefined;
    this.#follow();
  }

  connectedCallback() {
    this.#follow();
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#stop = undefined;
  }

  attributeChangedCallback() {
    this.#show();
  }

  // start begins the transfer, as the button does. A page may give it an endpoint that no
  // attribute can have.
  async start(to = this.#targets()) {
    if (this.#busy || !this.#transfers) return;
    const kind = this.getAttribute("kind") ?? "cold";
    await this.#ask(async () => {
      if (to.length === 0) throw new TypeError("The attribute to is missing.");
      if (!["cold", "warm", "blind"].includes(kind)) throw new TypeError(`The kind ${kind} is not known.`);
      const ringFor = this.getAttribute("ring-for") ?? undefined;
      const onFailure = this.getAttribute("on-failure") ?? undefined;
      this.#followed(await this.#transfers[kind](to, { ringFor, onFailure }));
    });
  }

  // #targets: several are separated by semicolons, because names have commas.
  #targets() {
    return (this.getAttribute("to") ?? "").split(";").map((one) => one.trim()).filter(Boolean);
  }

  #command(command) {
    return this.#ask(async () => (await this.#handle())?.[command]());
  }

  async #handle() {
    const { contactId, transfer } = this.#transfers.state;
    if (this.#transfer?.id === transfer?.transferId) return this.#transfer;
    return this.#transfers.get(contactId);
  }

  async #ask(request) {
    this.#busy = true;
    this.#refusal = "";
    this.#show();
    try {
      await request();
    } catch (error) {
      this.#refusal = error?.message ?? String(error);
    }
    this.#busy = false;
    this.#show();
  }

  #follow() {
    if (!this.isConnected || !this.#transfers) return this.#show();
    this.#stop?.();
    this.#stop = this.#transfers.onChange(() => this.#changed());
    this.#changed();
  }

  // #changed also follows a transfer that was under way when the page was loaded.
  #changed() {
    const { contactId, status, transfer } = this.#transfers.state;
    if (status === "ready" && transfer && transfer.stage !== "ended" && this.#transfer?.id !== transfer.transferId && !this.#busy)
      this.#transfers.get(contactId).then((found) => found && this.#followed(found), () => {});
    this.#show();
  }

  #followed(transfer) {
    if (this.#transfer?.id === transfer.id) return;
    this.#transfer = transfer;
    const ended = (detail) => detail && this.dispatchEvent(new CustomEvent("holdfast-outcome", { detail, bubbles: true, composed: true }));
    const stopped = () => this.#transfer === transfer && (this.#transfer = undefined); // it may go on later
    transfer.outcome().then(ended, stopped);
  }

  #show() {
    if (!this.#part) return;
    const { start, confirm, complete, cancel, status, alert } = this.#part;
    const focused = this.shadowRoot.activeElement;
    const state = this.#transfers?.state;
    const stage = state?.transfer?.stage;
    const isGoingOn = stage !== undefined && stage !== "ended";
    start.disabled = this.#busy || isGoingOn || state?.status !== "ready" || !isWithCustomer(state);
    confirm.hidden = !state?.canConfirm;
    complete.hidden = stage !== "consulting";
    cancel.hidden = !isGoingOn || stage === "joining";
    write(status, sentences(state));
    write(alert, [state?.stuck, this.#refusal].filter(Boolean).join(" "));
    this.#keepFocus(focused);
  }

  // #keepFocus moves the focus to what can be pressed next, if its button goes away. While a
  // request is under way, that is not known yet.
  #keepFocus(focused) {
    const isElsewhere = document.activeElement !== document.body && document.activeElement !== this;
    const part = focused ?? (isElsewhere ? undefined : this.#unfocused);
    this.#unfocused = undefined;
    if (!part || (focused && canFocus(part))) return;
    if (this.#busy) this.#unfocused = part;
    else [part, this.#part.cancel, this.#part.start, this.#part.status].find(canFocus).focus();
  }
}

const canFocus = (element) => !element.hidden && !element.disabled;

const isWithCustomer = ({ customer }) => customer === "talking" || customer === "held";

// write leaves a text alone that has not changed, so it is read aloud once.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function sentences(state) {
  if (!state) return "Transfers are not ready yet.";
  const { status, text, transfer, customer, canConfirm } = state;
  const target = transfer ? nameOf(transfer.target) : "";
  const lines = [status === "ready" ? "" : text, transfer ? progress(transfer, target, canConfirm) : "", whoHas(customer, target, transfer)];
  return lines.filter(Boolean).join(" ");
}

const nameOf = ({ name, address }) => name || address;

function progress({ stage, outcome, text, kind }, target, canConfirm) {
  switch (stage) {
    case "reaching":
      if (canConfirm) return `Amazon Connect has routed the call to ${target}. Press "They answered" when a person speaks.`;
      return `Calling ${target}.`;
    case "consulting":
      return `You are talking with ${target}.`;
    case "joining":
      return kind === "blind" ? `Leaving the customer to ${target}.` : `${target} has answered.`;
  }
  switch (outcome) {
    case "completed":
      return text || "The transfer is complete.";
    case "failed":
      return text;
    case "cancelled":
      return "The transfer was cancelled.";
    default:
      return "";
  }
}

function whoHas(customer, target, transfer) {
  switch (customer) {
    case "talking":
      return "The customer is talking with you.";
    case "held":
      return "The customer is on hold with you.";
    case "joined":
      return `The customer hears you${target && ` and ${target}`}.`;
    case "with-target":
      return `The customer is with ${target}.`;
    case "left":
      return "The customer has left.";
    default:
      return transfer ? "This page cannot see who has the customer." : "";
  }
}

if (globalThis.customElements && !customElements.get("holdfast-transfer")) customElements.define("holdfast-transfer", HoldfastTransfer);
