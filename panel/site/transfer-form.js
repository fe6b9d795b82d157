// The form for a transfer: the targets and the kind.

import { setText } from "./refs.js";
import { kinds, problem } from "./words.js";

let forms = 0;

export class TransferForm {
  #refs;
  #radios;

  // ask(params) requests the transfer and returns a promise of its error, or of null.
  constructor(refs, ask) {
    this.#refs = refs;
    this.#radios = [...refs.form.querySelectorAll("[type=radio]")];
    forms++;
    for (const radio of this.#radios) radio.name = `kind-${forms}`;
    refs.form.onchange = () => this.#explain();
    refs.form.onkeydown = (event) => {
      if (event.key === "Escape") this.hide();
    };
    refs.close.onclick = () => this.hide();
    refs.form.onsubmit = async (event) => {
      event.preventDefault();
      setText(refs.formerror, "");
      refs.send.disabled = true;
      const targets = `${refs.target.value},${refs.next.value}`.split(",").map((t) => t.trim()).filter(Boolean);
      const err = await ask({ kind: this.#kind, targets, confirm: refs.confirm.checked });
      refs.send.disabled = false;
      if (err) return setText(refs.formerror, problem(err));
      refs.target.value = refs.next.value = "";
      this.hide();
    };
    this.#explain();
  }

  get shown() {
    return !this.#refs.form.hidden;
  }

  get #kind() {
    return this.#radios.find((r) => r.checked).value;
  }

  toggle() {
    if (this.shown) return this.hide();
    this.#refs.form.hidden = false;
    setText(this.#refs.formerror, "");
    this.#refs.target.focus();
  }

  hide() {
    if (!this.shown) return;
    const had = this.#refs.form.contains(document.activeElement);
    this.#refs.form.hidden = true;
    const button = this.#refs.actions.querySelector("[data-verb=transfer]");
    button?.setAttribute("aria-pressed", "false");
    if (had) button?.focus();
  }

  #explain() {
    setText(this.#refs.explained, kinds[this.#kind]);
  }
}
